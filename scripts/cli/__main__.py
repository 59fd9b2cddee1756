"""`python -m graphrec.cli`, and the file that `spark-submit` is given."""

from graphrec.cli.main import main

if __name__ == "__main__":
    main()
