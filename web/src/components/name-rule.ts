/** What services and tenants may be called, as `core/names.py` has it; what else it refuses, the server says. */
export const NAME = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;
export const NAME_RULE = "Small letters, digits and dashes; a letter first, no dash last; at most 40.";
