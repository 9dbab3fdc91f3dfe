"""The reference compiled by Cython: the modules of quelea.reference.twin, with C types."""
