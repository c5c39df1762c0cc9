//! Plans over this machine, made for real: what is found is in the plan, and nothing is changed.
