"""The way in. What git calls before each push is answered before anything heavy is imported."""

import sys


def main() -> None:
    """Run `paaks` with this process's arguments and end with its exit code."""
    if sys.argv[1:3] == ["auth", "git-credential"]:
        from cli import git_credential

        sys.exit(git_credential.main(sys.argv[3:]))
    from cli import root

    sys.exit(root.run(sys.argv[1:]))


if __name__ == "__main__":
    main()
