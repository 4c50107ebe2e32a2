"""Keep the tests in a package of their own: a folder tests/engine must not shadow the package engine."""
