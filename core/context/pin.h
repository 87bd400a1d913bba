/* SPDX-License-Identifier: MIT */
/* pin.h - [plugin NAME] sha256: which files a plugin may be loaded from. */
#ifndef TN_PIN_H
#define TN_PIN_H
#include "context/settings.h"

#define TN_PIN_ROOM 400

/* The value of the key `sha256`: digests of 64 hexadecimal digits, spaces between. */
tenon_status tn_pin_parse (const struct tn_entry *entry, tenon_error *error);
/* Compares an open file with the digests of such an entry. Returns 0, or the errno of a read that failed.
 * `why` is "", or says why the file must not be loaded. */
int tn_pin_judge (const struct tn_entry *pin, int fd, char why[TN_PIN_ROOM]);

#endif
