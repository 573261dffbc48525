"""A module to take along: as it stands, clean, or with all it needs in one file."""
