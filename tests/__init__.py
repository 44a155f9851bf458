"""The tests. A regular package, since an installed one is called `tests` as well."""
