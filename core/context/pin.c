/* SPDX-License-Identifier: MIT */
/* pin.c - [plugin NAME] sha256: which files a plugin may be loaded from.
 *
 * The digest is made of the open file that trust.c has judged. dlopen opens the file by its name a moment
 * later; loader_file.c says why it is the same. */
#include "context/pin.h"
#include "kernels/sha256.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define DIGITS (2 * TN_SHA256_BYTES)
#define READ_BYTES 4096 /* on the stack */

/* The digit's value; 16: it is none. */
static unsigned
hex_value (char digit)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = digit ? strchr (digits, digit) : NULL;
    unsigned value = at ? (unsigned) (at - digits) : 22;
    return value < 16 ? value : value < 22 ? value - 6 : 16;
}

/* Takes the next digest of the text, and moves it on. False: the next word is none. */
static bool
take_digest (const char **text, unsigned char digest[TN_SHA256_BYTES])
{
    for (unsigned i = 0; i < DIGITS; i++) {
        unsigned value = hex_value ((*text)[i]);
        if (value > 15)
            return false;
        digest[i / 2] = (unsigned char) (digest[i / 2] << 4 | value);
    }
    *text += DIGITS;
    if (**text && **text != ' ')
        return false;
    *text += strspn (*text, " ");
    return true;
}

tenon_status
tn_pin_parse (const struct tn_entry *entry, tenon_error *error)
{
    unsigned char digest[TN_SHA256_BYTES];
    for (const char *at = entry->value; *at;)
        if (!take_digest (&at, digest))
            return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                            "%s: [%s] sha256 = '%s': expected are SHA-256 digests of %d hexadecimal digits",
                            entry->origin, TN_SHOW (entry->section), TN_SHOW (entry->value), DIGITS);
    return TENON_OK;
}

/* Returns 0 or an errno. */
static int
digest_file (int fd, unsigned char digest[TN_SHA256_BYTES])
{
    unsigned char bytes[READ_BYTES];
    struct tn_sha256 sum;
    off_t offset = 0;
    tn_sha256_begin (&sum);
    for (;;) {
        ssize_t got = pread (fd, bytes, sizeof bytes, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        tn_sha256_add (&sum, bytes, (size_t) got);
        offset += got;
    }
    tn_sha256_end (&sum, digest);
    return 0;
}

int
tn_pin_judge (const struct tn_entry *pin, int fd, char why[TN_PIN_ROOM])
{
    unsigned char wanted[TN_SHA256_BYTES], found[TN_SHA256_BYTES];
    char shown[DIGITS + 1];
    why[0] = 0;
    int number = digest_file (fd, found);
    if (number != 0)
        return number;
    for (const char *at = pin->value; *at;)
        if (take_digest (&at, wanted) && memcmp (wanted, found, sizeof found) == 0)
            return 0;
    for (unsigned i = 0; i < TN_SHA256_BYTES; i++)
        sprintf (shown + 2 * i, "%02x", found[i]);
    snprintf (why, TN_PIN_ROOM, "its SHA-256 is %s, which %s does not name", shown, pin->origin);
    return 0;
}
