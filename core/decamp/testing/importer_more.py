"""What an importer keeps that takes several items at once, tells of losses, or signs in.

A protocol that an importer does not have is skipped.
"""

from __future__ import annotations

import pytest

from decamp.errors import AuthError, Conflict
from decamp.model import Blob, Link, Preview, Receipt
from decamp.spec import Authenticates, Batches, Importer, Previews, SignsIn
from decamp.testing.importer_base import ImporterBase
from decamp.testing.samples import post_item, sample_items

__all__ = ["AuthenticatesTests", "BatchesTests", "PreviewsTests", "SignsInTests"]


class BatchesTests(ImporterBase):
    """`decamp.Batches`."""

    def test_a_batch_has_an_answer_for_each(self, ready: Importer) -> None:
        """Receipts come in order; the same batch again makes no second copies."""
        if not isinstance(ready, Batches):
            pytest.skip("the importer does not implement Batches")
        items = [post_item(second) for second in range(50, 55)]
        first = list(ready.import_batch(items))
        before = self.content()
        again = list(ready.import_batch(items))
        for answers in (first, again):
            assert [one.item_id for one in answers if isinstance(one, Receipt)] == [
                item.id for item in items
            ]
        assert all(isinstance(one, Receipt) and one.existed for one in again)
        assert self.content() == before

    def test_one_item_does_not_spoil_its_batch(self, ready: Importer) -> None:
        """What a person has edited is a conflict of its own, and stays; the others arrive."""
        if not isinstance(ready, Batches):
            pytest.skip("the importer does not implement Batches")
        if not self.edit(ready.import_item(post_item(60))):
            pytest.skip("edit is not given")
        items = [post_item(second) for second in range(59, 62)]
        before, edited, after = ready.import_batch(items)
        assert isinstance(edited, Conflict)
        assert isinstance(before, Receipt)
        assert isinstance(after, Receipt)
        left = self.content()
        assert isinstance(ready.import_batch(items)[1], Conflict)
        assert self.content() == left


class PreviewsTests(ImporterBase):
    """`decamp.Previews`."""

    def test_a_preview_changes_nothing_and_stays_the_same(self, importer: Importer) -> None:
        """It is for a plan: files may still be links, and nothing has begun."""
        if not isinstance(importer, Previews):
            pytest.skip("the importer does not implement Previews")
        link = Blob("1.mp4", "video/mp4", link=Link("https://media.example.org/1.mp4"))
        before = self.content()
        for item in (*self.taken(sample_items()), post_item(70).evolve(blobs=(link,))):
            preview = importer.preview(item)
            assert isinstance(preview, Preview)
            assert importer.preview(item) == preview
            assert all(loss.code and loss.text for loss in preview.losses)
            names = {budget.name for budget in self.capabilities.budgets}
            assert preview.costs.keys() <= names
            assert all(cost >= 0 for cost in preview.costs.values())
        assert self.content() == before


class AuthenticatesTests(ImporterBase):
    """`decamp.Authenticates`."""

    def test_a_sign_in_is_tried_and_nothing_is_changed(self, importer: Importer) -> None:
        """It can be tried again, with the same answer."""
        if not isinstance(importer, Authenticates):
            pytest.skip("the importer does not implement Authenticates")
        before = self.content()
        assert importer.authenticate() is importer.authenticate()
        assert self.content() == before


class SignsInTests(ImporterBase):
    """`decamp.SignsIn`."""

    def test_sign_in_again_and_out(self, importer: Importer) -> None:
        """It is the same account each time, and out means out."""
        password = self.password()
        if not isinstance(importer, SignsIn) or not password:
            pytest.skip("the importer does not implement SignsIn, or password is not given")
        account = importer.sign_in(password)
        assert account == importer.sign_in(password)
        assert importer.check().id
        assert importer.sign_out()
        importer.forget(account)
        importer.forget(account)
        assert not importer.sign_out()

    def test_a_wrong_password_leaves_a_session(self, importer: Importer) -> None:
        """What was there before is there still."""
        password = self.password()
        if not isinstance(importer, SignsIn) or not password:
            pytest.skip("the importer does not implement SignsIn, or password is not given")
        importer.sign_in(password)
        with pytest.raises(AuthError) as refused:
            importer.sign_in(f"{password}-not")
        assert password not in str(refused.value)
        assert importer.check().id
