"""Kill nodes and cut connections while people work, then look whether the record is whole (`make chaos`)."""
