/* SPDX-License-Identifier: MIT */
/* trust.c - who can change a file: checks of plugins and configurations before they are used.
 *
 * A file is trusted when it, each folder on its path up to /, and each symbolic link that leads there belong
 * to a trusted user, and when no other user can write to them. Trusted users are root, the effective user,
 * and those who could replace libtenon itself: its owner, and the owners of the folders on its path.
 *
 * A file or folder may be writable by a group if that group is its owner's alone: the owner's primary group
 * of the owner's name (pam_umask calls this usergroups; it gives files mode 0664 on many systems), or root's
 * group 0, with no other member. Members are those that the system names for the group, and those whose
 * primary group it is in /etc/passwd: directory servers cannot be asked for all their users. A lookup that
 * fails, as in a static program, makes the group no private one. A primary group of many users, such as
 * "users" or "staff", is not private.
 *
 * In a folder with the sticky bit, such as /tmp, others can add files, but neither replace nor remove ours.
 * So it may lie on the path. It may not be the folder of plugins itself.
 *
 * Access control lists: the mode of a file with a POSIX ACL has the mask of the list as its group's rights,
 * so the list is read only if these allow to write. NFSv4 lists are read always; those with users or groups
 * of their own cannot be judged. Other systems than Linux: the mode alone counts.
 *
 * The path is walked from / down, and each step is judged when all before it have been. What a trusted folder
 * calls by a name can be changed by trusted users only, and so by the time of use the path still leads where
 * it led when it was judged. Names are enough for this; no descriptor is held. */
#include "context/trust.h"
#include "base/io.h"
#include "context/acl.h"
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif
#ifdef HAVE_DLADDR
#include <dlfcn.h>
#endif
#ifdef __ELF__
#include <link.h>
#endif

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif
#define MOST_LINKS 40
#define LARGEST_LIST 2048
#define WORDS_ROOM (TN_TRUST_ROOM - 320)

/* ---- users ---- */

const char *
tn_trust_library (void)
{
#ifdef HAVE_DLADDR
    static const char here = 0;
    Dl_info info;
    if (dladdr (&here, &info) != 0 && info.dli_fname && info.dli_fname[0] == '/')
        return info.dli_fname;
#endif
    return NULL;
}

/* True if the user owns the file that this code was mapped from, or a folder on its path. */
static bool
owns_library (uid_t user)
{
    struct stat status;
    const char *file = tn_trust_library ();
    TN_FREE char *path = file ? realpath (file, NULL) : NULL;
    for (char *end = path ? path + strlen (path) : NULL; end; end = strrchr (path, '/')) {
        *end = 0;
        if (stat (*path ? path : "/", &status) == 0 && status.st_uid == user)
            return true;
    }
    return false;
}

static bool
is_trusted_user (struct tn_trust *trust, uid_t user)
{
    if (user == 0 || user == geteuid () || (trust->has_library && user == trust->library))
        return true;
    if (trust->secure || !owns_library (user))
        return false;
    trust->has_library = true;
    trust->library = user;
    return true;
}

/* ---- groups ---- */

/* True if a line of /etc/passwd, NAME:PASSWORD:USER:GROUP:…, gives the group to another user. */
static bool
line_shares_group (const char *line, uid_t user, gid_t group)
{
    unsigned long numbers[2] = { 0, 0 };
    for (unsigned field = 0; field < 4; field++) {
        if (field >= 2)
            numbers[field - 2] = strtoul (line, NULL, 10);
        line += strcspn (line, ":");
        if (*line)
            line++;
        else if (field < 3)
            return false;
    }
    return numbers[1] == group && numbers[0] != user;
}

static bool
is_primary_of_others (uid_t user, gid_t group)
{
    FILE *file = fopen ("/etc/passwd", "re");
    char *line = NULL;
    size_t room = 0;
    bool shared = false;
    while (file && !shared && getline (&line, &room, file) > 0)
        shared = line_shares_group (line, user, group);
    free (line);
    if (file)
        fclose (file);
    return shared;
}

static TN_OWN_FRAME bool
is_private_group (uid_t user, gid_t group)
{
    struct passwd passwd, *found_user = NULL;
    struct group entry, *found_group = NULL;
    char user_room[2048], group_room[1024];
    /* false also when a lookup fails, as for lack of room (a group with dozens of members) */
    if (getgrgid_r (group, &entry, group_room, sizeof group_room, &found_group) != 0 || !found_group)
        return false;
    if (getpwuid_r (user, &passwd, user_room, sizeof user_room, &found_user) != 0 || !found_user
        || passwd.pw_gid != group || (group != 0 && strcmp (entry.gr_name, passwd.pw_name) != 0))
        return false;
    for (char *const *member = entry.gr_mem; *member; member++)
        if (strcmp (*member, passwd.pw_name) != 0)
            return false;
    return !is_primary_of_others (user, group);
}

/* ---- one file, folder or link ---- */

/* What is judged: by its descriptor, or if that is negative by its path. */
struct subject {
    int fd;
    const char *path;
    const struct stat *status;
};

/* Reads a list; 0: it has none, -1: it cannot be read. */
static ssize_t
read_list (const struct subject *subject, const char *name, uint8_t list[LARGEST_LIST])
{
#ifdef __linux__
    ssize_t length = subject->fd >= 0 ? fgetxattr (subject->fd, name, list, LARGEST_LIST)
                                      : lgetxattr (subject->path, name, list, LARGEST_LIST);
    if (length >= 0)
        return length;
    return errno == ENODATA || errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -1;
#else
    (void) subject, (void) name, (void) list;
    return 0;
#endif
}

/* Says that a user or group may write, unless it is trusted. */
static bool
is_changed_by (struct tn_trust *trust, const struct subject *subject, const struct tn_acl_writer *writer,
               bool listed, char why[WORDS_ROOM])
{
    const struct stat *status = subject->status;
    unsigned mode = (unsigned) status->st_mode & 07777;
    if (writer->kind == TN_ACL_EVERYBODY)
        snprintf (why, WORDS_ROOM, "is writable by everybody (mode %04o)", mode);
    else if (writer->kind == TN_ACL_USER && !is_trusted_user (trust, writer->id))
        snprintf (why, WORDS_ROOM, "is writable by user %lu, as its access control list says",
                  (unsigned long) writer->id);
    else if (writer->kind != TN_ACL_USER
             && !is_private_group (status->st_uid,
                                   writer->kind == TN_ACL_GROUP ? writer->id : status->st_gid))
        snprintf (why, WORDS_ROOM, "is writable by group %lu, which is not its owner's alone (%s%04o)",
                  (unsigned long) (writer->kind == TN_ACL_GROUP ? writer->id : status->st_gid),
                  listed ? "access control list, mode " : "mode ", mode);
    else
        return false;
    return true;
}

/* Reads who may write from the access control list, or from the mode if there is none. */
static TN_OWN_FRAME bool
is_writable_by_others (struct tn_trust *trust, const struct subject *subject, char why[WORDS_ROOM])
{
    uint8_t list[LARGEST_LIST];
    struct tn_acl_writer writer = { TN_ACL_EVERYBODY, 0 };
    const mode_t mode = subject->status->st_mode;
    if (mode & S_IWOTH)
        return is_changed_by (trust, subject, &writer, false, why);
    if (!(mode & S_IWGRP)) /* the mask of a list, too */
        return false;
    ssize_t length = read_list (subject, TN_ACL_POSIX, list);
    writer.kind = TN_ACL_OWN_GROUP;
    if (length == 0)
        return is_changed_by (trust, subject, &writer, false, why);
    size_t position = 0;
    int more = -1;
    while (length > 0 && (more = tn_acl_next_writer (list, (size_t) length, &position, &writer)) > 0)
        if (is_changed_by (trust, subject, &writer, true, why))
            return true;
    if (more < 0)
        snprintf (why, WORDS_ROOM, "has an access control list that cannot be judged");
    return more < 0;
}

/* True if an NFSv4 list may let others write. Most file systems know no such list; they are asked once. */
static TN_OWN_FRAME bool
has_strange_list (struct tn_trust *trust, const struct subject *subject, char why[WORDS_ROOM])
{
    uint8_t list[LARGEST_LIST];
    if (trust->asked && trust->device == subject->status->st_dev)
        return false;
    errno = 0;
    ssize_t length = read_list (subject, TN_ACL_NFS4, list);
    if (length == 0 && errno != ENODATA) {
        trust->asked = true;
        trust->device = subject->status->st_dev;
    }
    if (length == 0
        || (length > 0 && tn_acl_is_in_mode (list, (size_t) length, (unsigned) subject->status->st_mode)))
        return false;
    snprintf (why, WORDS_ROOM, "has an NFSv4 access control list that cannot be judged");
    return true;
}

/* `sticky`: that bit keeps others from changing the folder's entries. */
static bool
is_changeable (struct tn_trust *trust, const struct subject *subject, bool sticky, char why[WORDS_ROOM])
{
    const struct stat *status = subject->status;
    if (!is_trusted_user (trust, status->st_uid)) {
        snprintf (why, WORDS_ROOM,
                  "belongs to user %lu, which is neither root nor the user of this process nor an owner of "
                  "libtenon",
                  (unsigned long) status->st_uid);
        return true;
    }
    if (S_ISLNK (status->st_mode))
        return false; /* a link has no contents to write to; its folder decides about replacing it */
    if (sticky && (status->st_mode & S_ISVTX))
        return false;
    return is_writable_by_others (trust, subject, why) || has_strange_list (trust, subject, why);
}

bool
tn_trust_file (struct tn_trust *trust, int fd, const struct stat *status, char why[TN_TRUST_ROOM])
{
    struct subject subject = { fd, NULL, status };
    char words[WORDS_ROOM];
    if (!is_changeable (trust, &subject, false, words))
        return true;
    snprintf (why, TN_TRUST_ROOM, "the file %s", words);
    return false;
}

/* ---- paths ---- */

/* A walk along a path. `real` is the part that has been walked, without links; the root is "". */
struct walk {
    struct tn_trust *trust;
    char real[PATH_MAX], rest[PATH_MAX], target[PATH_MAX]; /* target: of the last link */
    unsigned links;
    struct stat status; /* of `real` */
    char *why;          /* "": trusted so far; else the first fault */
};

static void
judge_step (struct walk *walk, bool sticky)
{
    const char *path = walk->real[0] ? walk->real : "/";
    struct subject subject = { -1, path, &walk->status };
    char words[WORDS_ROOM];
    if (!walk->why[0] && is_changeable (walk->trust, &subject, sticky, words))
        snprintf (walk->why, TN_TRUST_ROOM, "the %s %.300s %s",
                  S_ISLNK (walk->status.st_mode) ? "link" : "folder", path, words);
}

/* Puts the target of the link `real` before the rest. */
static int
follow_link (struct walk *walk)
{
    char *target = walk->target;
    ssize_t length = readlink (walk->real, target, sizeof walk->target - 1);
    if (length < 0)
        return errno;
    if (++walk->links > MOST_LINKS)
        return ELOOP;
    target[length] = 0;
    size_t left = strlen (walk->rest) + 1;
    if (left > sizeof walk->rest - (size_t) length)
        return ENAMETOOLONG;
    memmove (walk->rest + length, walk->rest, left);
    memcpy (walk->rest, target, (size_t) length);
    *(target[0] == '/' ? walk->real : strrchr (walk->real, '/')) = 0;
    return 0;
}

/* Walks to the first component of the rest, and judges it if it is a folder or link. */
static int
walk_step (struct walk *walk)
{
    char *name = walk->rest + strspn (walk->rest, "/");
    size_t length = strcspn (name, "/"), before = strlen (walk->real);
    bool up = length == 2 && memcmp (name, "..", 2) == 0, stays = length == 1 && name[0] == '.';
    if (length >= sizeof walk->real - before - 1)
        return ENAMETOOLONG;
    if (!up && !stays)
        snprintf (walk->real + before, sizeof walk->real - before, "/%.*s", (int) length, name);
    else if (up && before > 0)
        *strrchr (walk->real, '/') = 0;
    memmove (walk->rest, name + length, strlen (name + length) + 1);
    if (lstat (walk->real[0] ? walk->real : "/", &walk->status) < 0)
        return errno;
    if (!S_ISDIR (walk->status.st_mode) && !S_ISLNK (walk->status.st_mode))
        return walk->rest[0] ? ENOTDIR : 0;
    judge_step (walk, true);
    return S_ISLNK (walk->status.st_mode) ? follow_link (walk) : 0;
}

static int
walk_begin (struct walk *walk, const char *path)
{
    size_t length = 0;
    if (path[0] != '/') {
        if (!getcwd (walk->rest, sizeof walk->rest - 1))
            return errno;
        length = strlen (walk->rest);
        walk->rest[length++] = '/';
    }
    if (strlen (path) >= sizeof walk->rest - length)
        return ENAMETOOLONG;
    strcpy (walk->rest + length, path);
    if (stat ("/", &walk->status) < 0)
        return errno;
    judge_step (walk, true);
    return 0;
}

/* Judges the folder at the end of the walk, or that of the file there, without regard for a sticky bit. */
static void
judge_last_folder (struct walk *walk)
{
    if (!S_ISDIR (walk->status.st_mode)) {
        *strrchr (walk->real, '/') = 0;
        if (lstat (walk->real[0] ? walk->real : "/", &walk->status) < 0)
            return;
    }
    judge_step (walk, false);
}

int
tn_trust_path (struct tn_trust *trust, const char *path, bool sticky, char **real, struct stat *status,
               char why[TN_TRUST_ROOM])
{
    TN_FREE struct walk *walk = calloc (1, sizeof *walk);
    why[0] = 0;
    *real = NULL;
    if (!walk)
        return ENOMEM;
    walk->trust = trust;
    walk->why = why;
    int number = walk_begin (walk, path);
    while (number == 0 && walk->rest[strspn (walk->rest, "/")])
        number = walk_step (walk);
    if (number != 0)
        return number;
    *status = walk->status;
    *real = tn_strndup (walk->real[0] ? walk->real : "/", TN_MAX (strlen (walk->real), 1));
    if (!*real)
        return ENOMEM;
    if (!sticky)
        judge_last_folder (walk);
    return 0;
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

#ifdef __ELF__
#if defined(__x86_64__)
#define THIS_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define THIS_MACHINE EM_AARCH64
#elif defined(__i386__)
#define THIS_MACHINE EM_386
#elif defined(__arm__)
#define THIS_MACHINE EM_ARM
#elif defined(__riscv)
#define THIS_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define THIS_MACHINE EM_PPC64
#elif defined(__s390x__)
#define THIS_MACHINE EM_S390
#else
#define THIS_MACHINE EM_NONE /* not known: all are taken */
#endif
#endif

const char *
tn_elf_other_machine (int fd)
{
#ifdef __ELF__
    static const struct {
        unsigned machine;
        const char *words;
    } known[] = { { EM_X86_64, "x86-64" }, { EM_AARCH64, "AArch64" }, { EM_386, "i386" }, { EM_ARM, "Arm" },
                  { EM_RISCV, "RISC-V" },  { EM_PPC64, "PowerPC" },   { EM_S390, "s390" } };
    ElfW (Ehdr) header;
    if (THIS_MACHINE == EM_NONE || tn_io_read (fd, 0, &header, sizeof header) != sizeof header
        || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_machine == THIS_MACHINE)
        return NULL;
    for (size_t i = 0; i < TN_COUNT (known); i++)
        if (known[i].machine == header.e_machine)
            return known[i].words;
    return "another processor";
#else
    (void) fd;
    return NULL;
#endif
}
