/* SPDX-License-Identifier: MIT */
/* rights.c - gives a new file the rights and attributes of the one that it replaces.
 *
 * The new file was made with mode 0600. It may have inherited an access control list from its folder, whose
 * users and groups that mode keeps out; a mode with rights for the group would let them in. So the order is:
 * owner; extended attributes, a security label among them; then, at once, the old list with its mode, or no
 * list and after that the mode.
 *
 * What writing into the old file would have removed is not copied: the set-id bits, and security.capability.
 * security.ima and security.evm are signatures of the old bytes. Other systems than Linux: the owner and the
 * mode alone are copied. */
#include "sink/rights.h"
#include "base/report.h"
#include "context/acl.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#include <tenon/bytes.h>
#endif

struct rights {
    int fd;             /* of the new file */
    struct stat status; /* of the old one */
    const char *name;
    tenon_report *report;
    tenon_error *error;
    bool keeps_group;
    int old;       /* descriptor of the old file; negative: it cannot be opened, */
    int number;    /* for this reason */
    char path[40]; /* in /proc, of a file that may not be read; "": `old` does */
};

/* The mode with the rights of the group reduced to those of others, who the group's members are now. */
static mode_t
without_group (mode_t mode)
{
    return (mode & 0707) | (mode & 07) << 3;
}

static void
copy_owner (struct rights *rights)
{
    const struct stat *old = &rights->status;
    struct stat ours = { .st_uid = (uid_t) -1, .st_gid = (gid_t) -1 };
    rights->keeps_group = true;
    if (fstat (rights->fd, &ours) == 0 && ours.st_uid == old->st_uid && ours.st_gid == old->st_gid)
        return;
    if (fchown (rights->fd, old->st_uid, old->st_gid) < 0 && ours.st_gid != old->st_gid
        && fchown (rights->fd, (uid_t) -1, old->st_gid) < 0)
        rights->keeps_group = false;
}

static tenon_status
set_mode (struct rights *rights, mode_t mode)
{
    if (!rights->keeps_group)
        mode = without_group (mode);
    return fchmod (rights->fd, mode) == 0
               ? TENON_OK
               : tn_fail_errno (rights->error, errno, "cannot get the mode of the file that it replaces",
                                rights->name);
}

#ifdef __linux__

#define LARGEST_VALUE 65536 /* the kernel's limit, also for the list of names */

static void
note_lost (const struct rights *rights, const char *attribute, int number)
{
    tenon_error words = TENON_ERROR_INIT;
    (void) tn_fail_errno (&words, number,
                          attribute[0] ? "the attribute of the file that it replaces is not kept"
                                       : "the attributes of the file that it replaces cannot be read",
                          NULL);
    if (rights->report)
        tn_report_add (rights->report, TENON_NOTE, TENON_OK, 0, attribute, rights->name, "%s", words.message);
}

/* Opens the old file without changing it, and reads its status anew. */
static void
open_old (struct rights *rights, const struct tn_destination *old)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    rights->old = openat (old->folder, old->name, O_RDONLY | flags);
    if (rights->old < 0 && errno == EACCES) {
        rights->old = openat (old->folder, old->name, O_PATH | flags);
        snprintf (rights->path, sizeof rights->path, "/proc/self/fd/%d", rights->old);
    }
    if (rights->old >= 0)
        fstat (rights->old, &rights->status);
    else
        rights->number = errno;
}

/* Reads an attribute of the old file; negative: errno. */
static ssize_t
read_old (const struct rights *rights, const char *attribute, void *value)
{
    return rights->path[0] ? getxattr (rights->path, attribute, value, LARGEST_VALUE)
                           : fgetxattr (rights->old, attribute, value, LARGEST_VALUE);
}

static ssize_t
list_old (const struct rights *rights, char *names)
{
    return rights->path[0] ? listxattr (rights->path, names, LARGEST_VALUE)
                           : flistxattr (rights->old, names, LARGEST_VALUE);
}

static bool
is_of_the_bytes (const char *attribute)
{
    return strcmp (attribute, "security.capability") == 0 || strcmp (attribute, "security.ima") == 0
           || strcmp (attribute, "security.evm") == 0;
}

/* Copies one attribute, unless the new file has it already. `room`: two values. */
static void
copy_attribute (const struct rights *rights, const char *attribute, uint8_t *room)
{
    ssize_t length = read_old (rights, attribute, room);
    if (length < 0 && errno == ENODATA)
        return;
    if (length >= 0) {
        ssize_t there = fgetxattr (rights->fd, attribute, room + LARGEST_VALUE, LARGEST_VALUE);
        if (there == length && memcmp (room, room + LARGEST_VALUE, (size_t) length) == 0)
            return;
    }
    if (length < 0 || fsetxattr (rights->fd, attribute, room, (size_t) length, 0) < 0)
        note_lost (rights, attribute, errno);
}

/* Copies the attributes of that kind: those that the system acts on, as NFSv4 lists, or the others. POSIX
 * lists have been seen to elsewhere. *listed: the old file has one. */
static void
copy_attributes (const struct rights *rights, bool of_system, const char *names, ssize_t length,
                 uint8_t *room, bool *listed)
{
    for (const char *name = names; name < names + length; name += strlen (name) + 1)
        if (strcmp (name, TN_ACL_POSIX) == 0)
            *listed = true;
        else if ((strncmp (name, "system.", 7) == 0) == of_system && !is_of_the_bytes (name))
            copy_attribute (rights, name, room);
}

/* ---- the access control list ---- */

#define LIST_HEAD 4u
#define LIST_ENTRY 8u
enum { ENTRY_GROUP = 4, ENTRY_OTHER = 0x20 };

/* The entry of that tag: u16 tag, u16 permissions, u32 id; NULL: none. */
static uint8_t *
find_list_entry (uint8_t *list, size_t length, unsigned tag)
{
    for (size_t at = LIST_HEAD; at + LIST_ENTRY <= length; at += LIST_ENTRY)
        if (tenon_le16 (list + at) == tag)
            return list + at;
    return NULL;
}

/* Removes a list that was inherited from the folder. False: it is still there. */
static bool
remove_list (const struct rights *rights)
{
    if (fremovexattr (rights->fd, TN_ACL_POSIX) == 0 || errno == ENODATA || errno == EOPNOTSUPP
        || errno == ENOSYS)
        return true;
    note_lost (rights, TN_ACL_POSIX, errno);
    return false;
}

/* Gives the file the mode and no list. `group`: the rights of the group that the mode does not tell. */
static tenon_status
set_plain_mode (struct rights *rights, unsigned group)
{
    mode_t mode = (rights->status.st_mode & 0707) | (mode_t) (group & 7) << 3;
    if (!remove_list (rights)) /* any right of the group would be one of the list's users */
        mode &= 0700;
    return set_mode (rights, mode);
}

/* The mode of a file with a list shows the list's mask as the rights of the group. */
static tenon_status
copy_list (struct rights *rights, uint8_t *list)
{
    ssize_t length = read_old (rights, TN_ACL_POSIX, list);
    const unsigned others = (unsigned) rights->status.st_mode & 7;
    if (length < 0) {
        note_lost (rights, TN_ACL_POSIX, errno);
        return set_plain_mode (rights, others);
    }
    uint8_t *group = find_list_entry (list, (size_t) length, ENTRY_GROUP);
    const unsigned allowed = group ? tenon_le16 (group + 2) : 0;
    if (group && !rights->keeps_group)
        tenon_put_le16 (group + 2, (uint16_t) others);
    if (fsetxattr (rights->fd, TN_ACL_POSIX, list, (size_t) length, 0) == 0)
        return TENON_OK;
    note_lost (rights, TN_ACL_POSIX, errno);
    return set_plain_mode (rights, allowed & (unsigned) rights->status.st_mode >> 3);
}

static tenon_status
copy_all (struct rights *rights)
{
    TN_FREE uint8_t *room = malloc (3 * (size_t) LARGEST_VALUE);
    bool listed = false;
    if (!room)
        return tn_fail_memory (rights->error);
    char *names = (char *) room + 2 * (size_t) LARGEST_VALUE;
    ssize_t length = rights->old < 0 ? -1 : list_old (rights, names);
    int number = rights->old < 0 ? rights->number : length < 0 ? errno : 0;
    if (number != 0 && number != EOPNOTSUPP && number != ENOSYS) {
        note_lost (rights, "", number);
        return set_plain_mode (rights, (unsigned) rights->status.st_mode & 7);
    }
    length = TN_MAX (length, 0);
    copy_attributes (rights, false, names, length, room, &listed);
    TN_TRY (listed ? copy_list (rights, room)
                   : set_plain_mode (rights, (unsigned) rights->status.st_mode >> 3));
    copy_attributes (rights, true, names, length, room, &listed);
    return TENON_OK;
}

#endif

tenon_status
tn_rights_copy (int fd, const struct tn_destination *old, const char *name, tenon_report *report,
                tenon_error *error)
{
    struct rights rights = {
        .fd = fd, .status = old->status, .name = name, .report = report, .error = error, .old = -1
    };
#ifdef __linux__
    open_old (&rights, old);
    copy_owner (&rights);
    tenon_status status = copy_all (&rights);
    if (rights.old >= 0)
        close (rights.old);
    return status;
#else
    copy_owner (&rights);
    return set_mode (&rights, rights.status.st_mode & 0777);
#endif
}
