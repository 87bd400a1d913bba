/* SPDX-License-Identifier: MIT */
/* trust.c - checks of a plugin's file before it is loaded.
 *
 * A file is loaded when it belongs to root, to the effective user or to the owner of libtenon itself, and
 * when no other user can write to it or to its folder.
 *
 * It may be writable by the owner's private group only: the group that is the owner's primary one and has the
 * owner's name (pam_umask calls this usergroups; it gives files mode 0664 on many systems), or root's group
 * 0. A primary group that many users share, such as "users" or "staff", is not private.
 *
 * A folder with the sticky bit, such as /tmp, is refused like any other that all users may write to: they
 * cannot replace our file there, but they can add one. Folders further up are not checked. */
#include "context/trust.h"
#include "base/io.h"
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>
#ifndef TENON_NO_DLOPEN
#include <dlfcn.h>
#endif
#ifdef __ELF__
#include <link.h>
#endif

/* The owner of the file that this code was mapped from; 0: unknown. A relative name (that of the program,
 * when the library is linked into it) is ignored, because its meaning depends on the working directory. */
static uid_t
library_owner (void)
{
#ifndef TENON_NO_DLOPEN
    static const char here = 0;
    Dl_info info;
    struct stat status;
    if (dladdr (&here, &info) != 0 && info.dli_fname && info.dli_fname[0] == '/'
        && stat (info.dli_fname, &status) == 0)
        return status.st_uid;
#endif
    return 0;
}

static bool
is_trusted_user (struct tn_trust *trust, uid_t user)
{
    if (user == 0 || user == geteuid ())
        return true;
    if (trust->secure)
        return false;
    if (!trust->asked)
        trust->library = library_owner ();
    trust->asked = true;
    return user == trust->library;
}

static bool
is_private_group (uid_t user, gid_t group)
{
    struct passwd passwd, *found_user = NULL;
    struct group entry, *found_group = NULL;
    char user_room[4096], group_room[4096];
    if (user == 0 && group == 0)
        return true;
    /* false also when a lookup fails, as for lack of room (a group with hundreds of members) */
    return getpwuid_r (user, &passwd, user_room, sizeof user_room, &found_user) == 0 && found_user
           && passwd.pw_gid == group
           && getgrgid_r (group, &entry, group_room, sizeof group_room, &found_group) == 0 && found_group
           && strcmp (entry.gr_name, passwd.pw_name) == 0;
}

bool
tn_is_trusted (struct tn_trust *trust, const struct stat *status, const char *what, char why[TN_TRUST_ROOM])
{
    unsigned mode = (unsigned) status->st_mode & 07777;
    if (mode & S_IWOTH)
        snprintf (why, TN_TRUST_ROOM, "%s is writable by everybody (mode %04o)", what, mode);
    else if (!is_trusted_user (trust, status->st_uid))
        snprintf (why, TN_TRUST_ROOM,
                  "%s belongs to user %lu, who is neither root, nor who runs this, nor the owner of libtenon",
                  what, (unsigned long) status->st_uid);
    else if ((mode & S_IWGRP) && !is_private_group (status->st_uid, status->st_gid))
        snprintf (why, TN_TRUST_ROOM, "%s is writable by group %lu, which is not its owner's own (mode %04o)",
                  what, (unsigned long) status->st_gid, mode);
    else
        return true;
    return false;
}

bool
tn_elf_is_complete (int fd, off_t size)
{
#ifdef __ELF__
    uint8_t head[1024]; /* the program headers usually follow the header, so that one read is enough */
    ElfW (Ehdr) header;
    ElfW (Phdr) part;
    uint64_t got = tn_io_read (fd, 0, head, sizeof head);
    if (got < sizeof header)
        return true;
    memcpy (&header, head, sizeof header);
    if (memcmp (header.e_ident, ELFMAG, SELFMAG) != 0
        || header.e_ident[EI_CLASS] != (sizeof (void *) == 8 ? ELFCLASS64 : ELFCLASS32)
        || header.e_phentsize != sizeof part)
        return true;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        uint64_t at = (uint64_t) header.e_phoff + (uint64_t) i * sizeof part, length = (uint64_t) size;
        if (at > length || sizeof part > length - at)
            return false;
        if (at + sizeof part <= got)
            memcpy (&part, head + at, sizeof part);
        else if (tn_io_read (fd, (int64_t) at, &part, sizeof part) != sizeof part)
            return false;
        if (part.p_type == PT_LOAD && (part.p_offset > length || part.p_filesz > length - part.p_offset))
            return false;
    }
#else
    (void) fd, (void) size;
#endif
    return true;
}
