"""`python -m sonar_sign` is `sonar-sign`."""

from sonar_sign.cli import main

if __name__ == "__main__":
    main()
