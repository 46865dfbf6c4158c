"""The builder's form of a document."""
