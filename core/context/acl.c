/* SPDX-License-Identifier: MIT */
/* acl.c - access control lists, as Linux hands them out in extended attributes.
 *
 * POSIX (linux/posix_acl_xattr.h), little-endian: u32 version, 2; entries of u16 tag, u16 permissions, u32
 * id. NFSv4 (RFC 7530, 6.2), XDR, big-endian: u32 entries; each is u32 type, flags, mask, length of the name,
 * and the name, padded to 4 bytes. */
#include "context/acl.h"
#include <tenon/bytes.h>

/* ---- POSIX ---- */

#define LIST_VERSION 2u
#define HEAD_BYTES 4u
#define ENTRY_BYTES 8u
#define MAY_WRITE 2u

enum { TAG_OWNER = 1, TAG_USER = 2, TAG_OWN_GROUP = 4, TAG_GROUP = 8, TAG_MASK = 0x10, TAG_OTHER = 0x20 };

/* The permissions that the mask leaves to users and groups with an entry. */
static unsigned
find_mask (const uint8_t *list, size_t length)
{
    for (size_t at = HEAD_BYTES; at < length; at += ENTRY_BYTES)
        if (tenon_le16 (list + at) == TAG_MASK)
            return tenon_le16 (list + at + 2);
    return 7;
}

int
tn_acl_next_writer (const uint8_t *list, size_t length, size_t *position, struct tn_acl_writer *writer)
{
    if (length < HEAD_BYTES || tenon_le32 (list) != LIST_VERSION || (length - HEAD_BYTES) % ENTRY_BYTES != 0)
        return -1;
    unsigned mask = find_mask (list, length);
    for (size_t at = TN_MAX (*position, HEAD_BYTES); at < length; at += ENTRY_BYTES) {
        unsigned tag = tenon_le16 (list + at), permissions = tenon_le16 (list + at + 2);
        *position = at + ENTRY_BYTES;
        writer->id = tenon_le32 (list + at + 4);
        if (tag == TAG_OWNER || tag == TAG_MASK)
            continue;
        if (tag == TAG_OTHER)
            writer->kind = TN_ACL_EVERYBODY;
        else if (tag == TAG_USER)
            writer->kind = TN_ACL_USER;
        else if (tag == TAG_OWN_GROUP || tag == TAG_GROUP)
            writer->kind = tag == TAG_GROUP ? TN_ACL_GROUP : TN_ACL_OWN_GROUP;
        else
            return -1;
        if (permissions & (tag == TAG_OTHER ? 7 : mask) & MAY_WRITE)
            return 1;
    }
    return 0;
}

/* ---- NFSv4 ---- */

#define NFS4_HEAD_BYTES 16u
#define NFS4_ALLOW 0u
#define NFS4_WRITES 0x06u /* WRITE_DATA, APPEND_DATA: the mode shows them */
#define NFS4_DELETES_CHILDREN 0x40u
#define NFS4_CHANGES 0xd0000u /* DELETE, WRITE_ACL, WRITE_OWNER: the mode shows none of these */

/* What an entry of that name must not allow. */
static uint32_t
forbidden_rights (const uint8_t *name, uint32_t length, unsigned mode)
{
    unsigned shown = 0;
    if (length == 6 && memcmp (name, "OWNER@", 6) == 0)
        return 0;
    if (length == 6 && memcmp (name, "GROUP@", 6) == 0)
        shown = mode & 020;
    else if (length == 9 && memcmp (name, "EVERYONE@", 9) == 0)
        shown = mode & 002;
    else
        return NFS4_CHANGES | NFS4_DELETES_CHILDREN | NFS4_WRITES;
    return NFS4_CHANGES | (shown ? 0 : NFS4_DELETES_CHILDREN | NFS4_WRITES);
}

bool
tn_acl_is_in_mode (const uint8_t *list, size_t length, unsigned mode)
{
    if (length < 4)
        return false;
    size_t at = 4;
    for (uint32_t left = tenon_be32 (list); left > 0; left--) {
        if (length - at < NFS4_HEAD_BYTES)
            return false;
        uint32_t type = tenon_be32 (list + at), mask = tenon_be32 (list + at + 8),
                 size = tenon_be32 (list + at + 12);
        at += NFS4_HEAD_BYTES;
        if (size > length - at)
            return false;
        if (type == NFS4_ALLOW && (mask & forbidden_rights (list + at, size, mode)))
            return false;
        at += TN_MIN (((size_t) size + 3) & ~(size_t) 3, length - at);
    }
    return true;
}
