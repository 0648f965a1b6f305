"""The generated code of the contract `lavalier.v1`."""
