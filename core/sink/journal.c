/* SPDX-License-Identifier: MIT */
/* journal.c - writes, reads and carries out the journal of a commit. */
#include "sink/journal.h"
#include "base/io.h"
#include "kernels/checksum.h"
#include "sink/temporary.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define MOST_BYTES ((uint64_t) 16 << 20) /* a set of 30,000 files with the longest names */
#define HEADER_FORMAT TN_JOURNAL_BEGIN "%" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 "\n"
#define END_FORMAT "end %" PRIu32 "\n"

bool
tn_journal_add (struct tn_journal *journal, const char *name, const char *temporary,
                const struct stat *status)
{
    if (!tn_grow (&journal->entries, &journal->room, journal->count, sizeof *journal->entries))
        return false;
    journal->entries[journal->count++] =
        (struct tn_journal_entry){ name, temporary, (uint64_t) status->st_dev, (uint64_t) status->st_ino,
                                   temporary ? (uint64_t) status->st_size : 0 };
    return true;
}

void
tn_journal_free (struct tn_journal *journal)
{
    free (journal->entries);
    free (journal->text);
    *journal = (struct tn_journal){ 0 };
}

bool
tn_same_but_digits (const char *one, size_t one_length, const char *other, size_t other_length)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < one_length && one[i] >= '0' && one[i] <= '9')
            i++;
        while (k < other_length && other[k] >= '0' && other[k] <= '9')
            k++;
        if (i == one_length || k == other_length)
            return i == one_length && k == other_length;
        if (one[i++] != other[k++])
            return false;
    }
}

/* ---- writing ---- */

/* The bytes of an entry; with `to` NULL only their number. */
static size_t
print_entry (char *to, size_t room, const struct tn_journal_entry *entry)
{
    const char *temporary = entry->temporary ? entry->temporary : "";
    return (size_t) snprintf (to, room, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %zu %zu %s%s\n", entry->device,
                              entry->inode, entry->size, strlen (entry->name), strlen (temporary),
                              entry->name, temporary);
}

static size_t
print_journal (char *to, size_t room, const struct tn_journal *journal, const struct stat *own)
{
    size_t end = (size_t) snprintf (to, room, HEADER_FORMAT, (uint64_t) own->st_dev, (uint64_t) own->st_ino,
                                    journal->flags, journal->count);
    for (uint64_t i = 0; i < journal->count; i++)
        end += print_entry (to ? to + end : NULL, to ? room - end : 0, &journal->entries[i]);
    uint32_t sum = to ? tn_sum (TENON_CHECK_CRC32, to, end) : UINT32_MAX;
    return end + (size_t) snprintf (to ? to + end : NULL, to ? room - end : 0, END_FORMAT, sum);
}

tenon_status
tn_journal_write (int fd, const struct tn_journal *journal, tenon_error *error)
{
    struct stat own;
    if (fstat (fd, &own) < 0)
        return tn_fail_errno (error, errno, "the journal of the set cannot be examined", NULL);
    size_t room = print_journal (NULL, 0, journal, &own) + 1;
    TN_FREE char *text = malloc (room);
    if (!text)
        return tn_fail_memory (error);
    size_t length = print_journal (text, room, journal, &own);
    if (length > MOST_BYTES)
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET, "%llu files are too many for one set",
                        (unsigned long long) journal->count);
    errno = 0;
    if (tn_io_write (fd, 0, text, length) == length)
        return TENON_OK;
    int number = errno ? errno : EIO;
    if (ftruncate (fd, 0) < 0) /* the part that was written means nothing either */
        number = number ? number : errno;
    return tn_fail_errno (error, number, "the journal of the set cannot be written", NULL);
}

/* ---- reading ---- */

/* A number and the byte after it. */
static bool
take_number (const char **place, const char *end, char behind, uint64_t *number)
{
    const char *at = *place;
    uint64_t value = 0;
    while (at < end && *at >= '0' && *at <= '9' && at - *place < 20)
        if (tn_multiply (value, 10, &value) || tn_add (value, (uint64_t) (*at++ - '0'), &value))
            return false;
    if (at == *place || at == end || *at != behind)
        return false;
    *number = value;
    *place = at + 1;
    return true;
}

static bool
take_name (const char **place, const char *end, uint64_t length, const char **name)
{
    if ((uint64_t) (end - *place) < length || length > 255 || !tn_is_file_name (*place, length))
        return false;
    *name = *place;
    *place += length;
    return true;
}

static bool
parse_entry (struct tn_journal *journal, const char **place, const char *end)
{
    struct tn_journal_entry entry = { 0 };
    uint64_t length, more;
    const char *name, *temporary = NULL;
    if (!take_number (place, end, ' ', &entry.device) || !take_number (place, end, ' ', &entry.inode)
        || !take_number (place, end, ' ', &entry.size) || !take_number (place, end, ' ', &length)
        || !take_number (place, end, ' ', &more) || !take_name (place, end, length, &name)
        || (more > 0 && !take_name (place, end, more, &temporary)) || *place == end || *(*place)++ != '\n')
        return false;
    if (!tn_grow (&journal->entries, &journal->room, journal->count, sizeof entry))
        return false;
    /* The texts move one byte down, over the blank before them, so that each can end in a NUL. */
    char *to = (char *) (uintptr_t) name - 1;
    memmove (to, name, length);
    to[length] = 0;
    entry.name = to;
    if (temporary) {
        entry.temporary = temporary;
        to = (char *) (uintptr_t) temporary;
        to[more] = 0; /* the line feed */
    }
    journal->entries[journal->count++] = entry;
    return true;
}

/* True if a file of this name is no file of the new set, but may have been one of the old set. */
static bool
may_remove (const struct tn_journal *journal, const char *name)
{
    bool like = false;
    for (uint64_t i = 0; i < journal->count; i++) {
        const struct tn_journal_entry *other = &journal->entries[i];
        if (!other->temporary)
            continue;
        if (strcmp (other->name, name) == 0)
            return false;
        like = like || tn_same_but_digits (other->name, strlen (other->name), name, strlen (name));
    }
    return like;
}

/* False: something in it that this library never writes. */
static bool
is_allowed (const struct tn_journal *journal)
{
    uint64_t files = 0;
    for (uint64_t i = 0; i < journal->count; i++) {
        const struct tn_journal_entry *entry = &journal->entries[i];
        if (entry->temporary)
            files++;
        else if (!may_remove (journal, entry->name))
            return false;
    }
    return files > 0;
}

/* The last line, "end SUM"; NULL: the text does not end in one. */
static const char *
find_end (const char *text, size_t length)
{
    if (length < 2 || text[length - 1] != '\n')
        return NULL;
    const char *line = text + length - 1;
    while (line > text && line[-1] != '\n')
        line--;
    return strncmp (line, "end ", 4) == 0 ? line : NULL;
}

static enum tn_journal_state
parse_journal (struct tn_journal *journal, size_t length, const struct stat *own)
{
    const char *place = journal->text, *end = journal->text + length;
    uint64_t device, inode, flags, count, sum;
    const char *last = find_end (place, length);
    if (!last)
        return TN_JOURNAL_NONE;
    const char *behind = last + 4;
    if (!take_number (&behind, end, '\n', &sum) || behind != end
        || sum != tn_sum (TENON_CHECK_CRC32, place, (uint64_t) (last - place)))
        return TN_JOURNAL_NONE;
    end = last;
    if (strncmp (place, TN_JOURNAL_BEGIN, sizeof TN_JOURNAL_BEGIN - 1) != 0)
        return TN_JOURNAL_FOREIGN;
    place += 12;
    if (!take_number (&place, end, ' ', &device) || !take_number (&place, end, ' ', &inode)
        || !take_number (&place, end, ' ', &flags) || !take_number (&place, end, '\n', &count)
        || flags > TN_JOURNAL_NEW)
        return TN_JOURNAL_FOREIGN;
    journal->flags = (uint32_t) flags;
    while (place < end)
        if (!parse_entry (journal, &place, end))
            return TN_JOURNAL_FOREIGN;
    bool ours = own->st_uid == geteuid () && device == (uint64_t) own->st_dev
                && inode == (uint64_t) own->st_ino && count == journal->count;
    return ours && is_allowed (journal) ? TN_JOURNAL_COMPLETE : TN_JOURNAL_FOREIGN;
}

tenon_status
tn_journal_read (int fd, struct tn_journal *journal, enum tn_journal_state *state, tenon_error *error)
{
    struct stat own;
    *journal = (struct tn_journal){ 0 };
    *state = TN_JOURNAL_NONE;
    if (fstat (fd, &own) < 0)
        return tn_fail_errno (error, errno, "the journal of the set cannot be examined", NULL);
    if (!S_ISREG (own.st_mode) || own.st_size == 0 || (uint64_t) own.st_size > MOST_BYTES)
        return TENON_OK;
    size_t length = (size_t) own.st_size;
    if (!(journal->text = malloc (length + 1)))
        return tn_fail_memory (error);
    errno = 0;
    uint64_t done = tn_io_read (fd, 0, journal->text, length);
    if (done < length && errno != 0)
        return tn_fail_errno (error, errno, "the journal of the set cannot be read", NULL);
    journal->text[done] = 0;
    *state = parse_journal (journal, (size_t) done, &own);
    return TENON_OK;
}

/* ---- carrying out ---- */

tenon_status
tn_folder_sync (int folder, const char *path, tenon_error *error)
{
    int result;
    do
        result = fsync (folder);
    while (result < 0 && errno == EINTR);
    /* many file systems cannot sync a folder, or the process may not read it */
    if (result == 0 || (errno != EIO && errno != ENOSPC && errno != EDQUOT))
        return TENON_OK;
    return tn_fail_errno (error, errno, "its folder cannot be written to the disk", path);
}

int
tn_rename_new (int folder, const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    if (renameat2 (folder, from, folder, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
#endif
    if (linkat (folder, from, folder, to, 0) == 0) {
        unlinkat (folder, from, 0); /* on failure the next save removes the second name */
        return 0;
    }
    if (errno == EEXIST)
        return -1;
    /* this file system has no links either: check first, which leaves a race */
    struct stat there;
    if (fstatat (folder, to, &there, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat (folder, from, folder, to);
}

/* An entry, and what the folder has of it. */
struct step {
    const struct tn_journal_entry *entry;
    struct tn_destination destination;
    bool done; /* it has its name */
};
struct steps {
    const struct tn_journal *journal;
    struct step *all;
    uint64_t count; /* files, without removals */
    int folder;
    bool durable, changed;
};

static bool
is_entry (const struct tn_journal_entry *entry, const struct stat *status)
{
    return S_ISREG (status->st_mode) && (uint64_t) status->st_dev == entry->device
           && (uint64_t) status->st_ino == entry->inode && (uint64_t) status->st_size == entry->size;
}

/* Finds out whether a file has its name, or still has its temporary one. */
static tenon_status
examine_step (struct steps *steps, struct step *step, tenon_error *error)
{
    const struct tn_journal_entry *entry = step->entry;
    struct tn_destination *destination = &step->destination;
    struct stat status;
    TN_TRY (tn_destination_find (steps->folder, entry->name, destination, error));
    if (destination->direct || !tn_temporary_is_of (entry->temporary, destination->name))
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "'%s' cannot become '%s'", entry->temporary,
                        entry->name);
    if (tn_folder_same (destination->folder, steps->folder)) { /* nearly always; saves a descriptor */
        close (destination->folder);
        destination->folder = steps->folder;
        destination->shares_folder = true;
    }
    step->done = destination->exists && is_entry (entry, &destination->status);
    if (step->done)
        return TENON_OK;
    if (fstatat (destination->folder, entry->temporary, &status, AT_SYMLINK_NOFOLLOW) == 0
        && is_entry (entry, &status) && status.st_uid == geteuid ())
        return TENON_OK;
    tn_fail_in (error, entry->name, NULL);
    return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                    "its new bytes are gone: '%s' is missing, or another file than the journal says",
                    entry->temporary);
}

/* An old index, the last file of the list, would describe the new shards wrongly to other programs, which
 * know nothing of the journal. */
static tenon_status
remove_old_index (struct steps *steps, tenon_error *error)
{
    struct step *index = &steps->all[steps->count - 1];
    bool differs = false;
    for (uint64_t i = 0; i + 1 < steps->count; i++)
        differs = differs || steps->all[i].done || steps->all[i].destination.exists;
    if (!differs || index->done || !index->destination.exists || (steps->journal->flags & TN_JOURNAL_NEW))
        return TENON_OK;
    if (unlinkat (index->destination.folder, index->destination.name, 0) < 0 && errno != ENOENT)
        return tn_fail_errno (error, errno, "the old file cannot be removed", index->entry->name);
    steps->changed = true;
    return steps->durable ? tn_folder_sync (index->destination.folder, index->entry->name, error) : TENON_OK;
}

static tenon_status
rename_step (struct steps *steps, struct step *step, tenon_error *error)
{
    const struct tn_destination *destination = &step->destination;
    const char *from = step->entry->temporary;
    if (step->done)
        return TENON_OK;
    int result = steps->journal->flags & TN_JOURNAL_NEW
                     ? tn_rename_new (destination->folder, from, destination->name)
                     : renameat (destination->folder, from, destination->folder, destination->name);
    if (result < 0)
        return tn_fail_errno (error, errno, "the finished file cannot get its name", step->entry->name);
    step->done = steps->changed = true;
    if (!steps->durable || destination->shares_folder)
        return TENON_OK;
    return tn_folder_sync (destination->folder, step->entry->name, error);
}

/* The shards come first, and are on the disk before the index. */
static tenon_status
rename_steps (struct steps *steps, tenon_error *error)
{
    TN_TRY (remove_old_index (steps, error));
    for (uint64_t i = 0; i < steps->count; i++) {
        if (steps->durable && i + 1 == steps->count)
            TN_TRY (tn_folder_sync (steps->folder, steps->all[i].entry->name, error));
        TN_TRY (rename_step (steps, &steps->all[i], error));
    }
    return steps->durable ? tn_folder_sync (steps->folder, NULL, error) : TENON_OK;
}

/* Of the old set. What cannot be removed stays, and is in the way of nothing. */
static void
remove_old_shards (const struct steps *steps)
{
    for (uint64_t i = 0; i < steps->journal->count; i++) {
        const struct tn_journal_entry *entry = &steps->journal->entries[i];
        struct stat status;
        if (!entry->temporary && fstatat (steps->folder, entry->name, &status, AT_SYMLINK_NOFOLLOW) == 0
            && (uint64_t) status.st_dev == entry->device && (uint64_t) status.st_ino == entry->inode)
            unlinkat (steps->folder, entry->name, 0);
    }
}

/* New files that replaced nothing can be taken back. */
static void
take_back (const struct steps *steps)
{
    for (uint64_t i = 0; i < steps->count; i++) {
        const struct tn_destination *destination = &steps->all[i].destination;
        struct stat status;
        if (steps->all[i].done
            && fstatat (destination->folder, destination->name, &status, AT_SYMLINK_NOFOLLOW) == 0
            && is_entry (steps->all[i].entry, &status))
            unlinkat (destination->folder, destination->name, 0);
    }
}

tenon_status
tn_journal_finish (const struct tn_journal *journal, int folder, bool durable, bool *changed,
                   tenon_error *error)
{
    struct steps steps = { .journal = journal, .folder = folder, .durable = durable };
    tenon_status status = TENON_OK;
    *changed = false;
    if (!(steps.all = calloc (journal->count + 1, sizeof *steps.all)))
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < journal->count && status == TENON_OK; i++) {
        struct step *step = &steps.all[steps.count];
        if (!journal->entries[i].temporary)
            continue;
        step->entry = &journal->entries[i];
        step->destination.folder = -1;
        steps.count++;
        status = examine_step (&steps, step, error);
    }
    if (status == TENON_OK && steps.count > 0)
        status = rename_steps (&steps, error);
    if (status == TENON_OK)
        remove_old_shards (&steps);
    else if (journal->flags & TN_JOURNAL_NEW)
        take_back (&steps);
    *changed = steps.changed;
    for (uint64_t i = 0; i < steps.count; i++)
        tn_destination_close (&steps.all[i].destination);
    free (steps.all);
    return status;
}
