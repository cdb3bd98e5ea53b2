//! URL → bytes in a temporary file, as a guest.
