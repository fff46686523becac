<?php
/* A sabre/dav server for one user: the code that Nextcloud and ownCloud are built on. */
error_reporting(E_ERROR | E_PARSE);  // an old release on a new PHP warns of much
ini_set('display_errors', 'stderr');
date_default_timezone_set('UTC');
require_once getenv('DAV_SABRE');

class OneUser extends \Sabre\DAV\Auth\Backend\AbstractBasic {
    protected function validateUserPass($user, $password) {
        return $user === getenv('DAV_USER') && $password === getenv('DAV_PASSWORD');
    }
}

$run = getenv('DAV_RUN');
$server = new \Sabre\DAV\Server(new \Sabre\DAV\FS\Directory("$run/files"));
$server->setBaseUri('/dav/');
$server->addPlugin(new \Sabre\DAV\Auth\Plugin(new OneUser(), 'files'));
$server->addPlugin(new \Sabre\DAV\Locks\Plugin(new \Sabre\DAV\Locks\Backend\File("$run/locks")));
$server->exec();
