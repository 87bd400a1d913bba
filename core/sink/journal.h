/* SPDX-License-Identifier: MIT */
/* journal.h - the journal of a commit: which temporary files become which files of a set.
 *
 * Several renames are not one step. So a commit lists them in the lock file of the set (lock.h), waits until
 * the disk has the list, and renames. A crash in between leaves the list: the next save of the set, or the
 * next program that opens it, does the rest. A list that is not complete means that nothing was renamed yet.
 *
 *     tenon set 1 DEVICE INODE FLAGS COUNT        of the journal itself
 *     DEVICE INODE SIZE LENGTH LENGTH NAME TEMPORARY     for each file, in the order of the renames, or
 *     DEVICE INODE SIZE LENGTH 0 NAME                    for each file of the old set that is to go
 *     end CRC-32
 *
 * Numbers are decimal; a line feed ends each line.
 *
 * Journals are read as hostile text. One counts only in the very file that it was written in, by its owner:
 * a copy, and a journal in a folder that was unpacked from an archive, has another inode. It can name files
 * of its own folder only, can rename a temporary file only to the name that it was made for, and removes
 * only files that are named like those of the set but for numbers. */
#ifndef TN_JOURNAL_H
#define TN_JOURNAL_H
#include "base/base.h"
#include <sys/stat.h>

#define TN_JOURNAL_NEW 1u /* no file of the set may replace another */

/* All journals begin so. */
#define TN_JOURNAL_BEGIN "tenon set 1 "

struct tn_journal_entry {
    const char *name;             /* bare, in the folder of the journal; a link is followed when renaming */
    const char *temporary;        /* bare, beside the file; NULL: the file is removed */
    uint64_t device, inode, size; /* of the temporary file, or of the file that is removed */
};
struct tn_journal {
    struct tn_journal_entry *entries;
    uint64_t count, room;
    uint32_t flags;
    char *text; /* of a journal that was read: what the entries point into */
};
enum tn_journal_state {
    TN_JOURNAL_NONE,     /* nothing was begun: there are no bytes, or not all of them */
    TN_JOURNAL_COMPLETE, /* it can be carried out */
    TN_JOURNAL_FOREIGN   /* it is complete, but a copy, or of another user, or its entries are not allowed */
};

/* Adds an entry; the texts stay the caller's. False: no memory. */
bool tn_journal_add (struct tn_journal *journal, const char *name, const char *temporary,
                     const struct stat *status);
/* Writes into an empty file. */
tenon_status tn_journal_write (int fd, const struct tn_journal *journal, tenon_error *error);
/* TENON_E_MEMORY and TENON_E_IO are failures; everything else is a state. The caller frees the journal. */
tenon_status tn_journal_read (int fd, struct tn_journal *journal, enum tn_journal_state *state,
                              tenon_error *error);
/* Does the renames and removals that are left. TENON_E_MALFORMED, and nothing is changed, if a file is
 * missing, or another than the journal says. *changed: a file got its name, or was removed. Of a set that
 * must be new a failure takes all of it back. */
tenon_status tn_journal_finish (const struct tn_journal *journal, int folder, bool durable, bool *changed,
                                tenon_error *error);
void tn_journal_free (struct tn_journal *journal);

/* True if the names differ in nothing but digits. */
bool tn_same_but_digits (const char *one, size_t one_length, const char *other, size_t other_length);
/* Makes the names in a folder outlive a power failure. File systems that cannot are no failure. */
tenon_status tn_folder_sync (int folder, const char *path, tenon_error *error);
/* Renames in a folder without replacing anything. -1: errno says why, EEXIST if `to` exists. */
int tn_rename_new (int folder, const char *from, const char *to);

#endif
