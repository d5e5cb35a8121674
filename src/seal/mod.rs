//! Digests, keyed hashes and the chain that ties records together.
