"""Brings items to their destination: side by side, within its budgets, each receipted."""
