@rem The npm scripts begin with "exec", so that npm's signals reach Node and not a shell; cmd.exe has no exec.
@%*
