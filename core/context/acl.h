/* SPDX-License-Identifier: MIT */
/* acl.h - which users and groups an access control list lets write. */
#ifndef TN_ACL_H
#define TN_ACL_H
#include "base/base.h"

/* An entry that lets a user or group write. A group named by its id is a group; the entry of the file's own
 * group has no id. */
struct tn_acl_writer {
    enum { TN_ACL_USER, TN_ACL_OWN_GROUP, TN_ACL_GROUP, TN_ACL_EVERYBODY } kind;
    uint32_t id;
};

/* The extended attributes that hold the lists. */
#define TN_ACL_POSIX "system.posix_acl_access"
#define TN_ACL_NFS4 "system.nfs4_acl"

/* Walks through the entries of a POSIX ACL that let others than the owner write, the mask applied. *position
 * begins as 0. Returns 1: *writer is the next one; 0: there are no more; -1: it is no list of the known
 * version. */
int tn_acl_next_writer (const uint8_t *list, size_t length, size_t *position, struct tn_acl_writer *writer);

/* True if an NFSv4 ACL grants nothing that could change the file or folder beyond what its mode shows: all
 * its entries are those of OWNER@, GROUP@ and EVERYONE@, or grant no writing. Other entries name users of
 * the server, which have no meaning here. `mode` is that of the file. */
bool tn_acl_is_in_mode (const uint8_t *list, size_t length, unsigned mode);

#endif
