"""The engine's tests: tables for every rule of the language, and properties over random plans."""
