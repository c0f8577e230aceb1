"""`python -m tradingdb` is the `tradingdb` command."""

from tradingdb.cli import main

main()
