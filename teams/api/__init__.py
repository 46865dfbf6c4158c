"""The REST API of teams, and what every endpoint of Renum shares: errors, parsing, pages, tokens, scopes."""
