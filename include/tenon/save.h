/* SPDX-License-Identifier: MIT */
/* tenon/save.h - saving a plan. */
#ifndef TENON_SAVE_H
#define TENON_SAVE_H
#include <tenon/file.h>
#include <tenon/library.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TENON_SAVE_STRICT = 1, /* a loss is an error: TENON_E_LOSS */
    TENON_SAVE_NEW = 2,    /* refuse a target that exists: TENON_E_EXISTS */
    /* find errors and losses, but write nothing. Tensors that a cast may change by more than their last
     * digits are read, since only their values tell what is lost; others are not */
    TENON_SAVE_DRY_RUN = 4,
    TENON_SAVE_EXACT_NAME = 8, /* with `format`: do not append the codec's extension */
    /* Add to the target, and replace tensors and metadata of the same name; all others stay. The old file is
     * cloned, not changed: it is whole until the end. A target that does not exist is created.
     * TENON_E_UNSUPPORTED if the format cannot grow, the target has another one, or the longer file would
     * not have all tensors when it is opened */
    TENON_SAVE_APPEND = 16,
    /* Store a tensor whose dtype the format cannot hold as u8 or i8, [.., bytes of a row], with a record in
     * the metadata, by which opening the file restores it. The format must have metadata. The record keeps
     * the order of tensors and keys, too; if the format has an order of its own, it is written for that
     * alone */
    TENON_SAVE_CARRY = 32,
    /* Leave out tensors that cannot be read, each of which is a TENON_LOSS. Without it a plan that has one is
     * refused with the status of the first, and with a TENON_NOTE for each */
    TENON_SAVE_SKIP_UNREADABLE = 64,
    /* Casts to f8_* but f8_e8m0 give what is too large, or infinite, the largest finite value, not an
     * infinity or NaN. It counts as clipped, and so as a loss, all the same */
    TENON_SAVE_SATURATE = 128
};
/* What a save does while another save, of any process or thread, holds the lock of its file. A save holds it
 * while it gives the new file its name; one that adds to a file, from the moment before it opens that. */
enum {
    TENON_LOCK_CONFIGURED = 0, /* as [save] lock says */
    /* waits, at most the seconds of [save] lock_wait, then TENON_E_BUSY. After 20 ms the progress function is
     * called with a total of 0, about 20 times a second, and may cancel */
    TENON_LOCK_WAIT = 1,
    TENON_LOCK_FAIL = 2, /* TENON_E_BUSY at once */
    TENON_LOCK_NO = 3    /* does not look: saves at once may undo each other, and leave sets half done */
};
/* Whether a save waits until its bytes are on the disk. Then the file is whole after a crash of the machine,
 * too. */
enum {
    TENON_DURABLE_CONFIGURED = 0, /* as [save] durable says */
    TENON_DURABLE_YES = 1,        /* wait */
    TENON_DURABLE_NO = 2 /* do not wait: the rename is still at once, but a power failure may lose bytes */
};
typedef struct tenon_lock tenon_lock;
typedef struct tenon_save_options {
    uint32_t struct_size, flags;
    const char *format;          /* a codec's id or extension; NULL: by the path's extension */
    const char *const *settings; /* NULL-terminated "CODEC.KEY=VALUE", for this save only */
    uint32_t lock, reserved;     /* TENON_LOCK_*; 0 */
    tenon_lock *held;            /* the lock of the target, which the caller has; NULL: none */
    /* For this save only: */
    uint32_t durable; /* TENON_DURABLE_*. tenon_save_fd syncs with YES only; memory and outputs never do */
    uint32_t threads; /* threads that work at once, the calling one included; 0: as [core] threads says */
    /* bytes that it may hold in memory at once, at least 65536; 0: as [limits] memory says */
    uint64_t memory;
} tenon_save_options;

/* Takes the lock of a file, which need not exist, before it is opened to be changed and saved again: no other
 * save can replace it until the lock is released, and what was read stays true. The save gets the lock in
 * `held`; without that it waits for its own caller. A save of a file that another one replaced after it was
 * opened fails with TENON_E_BUSY, with or without a lock. `how` is TENON_LOCK_*, with which NO is MISUSE.
 * The lock is a file beside the target, .NAME.tenon.lock, which exists while it is held; it does not outlive
 * the process. A child of fork without exec must not use or release it. One thread at a time uses it. */
TENON_API tenon_status tenon_lock_take (tenon_context *context, const char *path, uint32_t how,
                                        const tenon_progress *progress, tenon_lock **lock,
                                        tenon_error *error);
/* NULL is fine. */
TENON_API void tenon_lock_release (tenon_lock *lock);

/* Writes a temporary file beside the target and renames it, so that the target is always whole, the old file
 * or the new one. A symbolic link is followed; a device, FIFO or terminal is written directly. With `format`,
 * the extension of the codec is appended if the path has none of its extensions and is no device, FIFO or
 * terminal. `report` may be NULL; else it is set to the notes and losses, also on failure, and the caller
 * frees it. TENON_E_BUSY: another save holds the lock of the file, or has replaced a file that the plan has
 * tensors of, and that this save would replace. */
TENON_API tenon_status tenon_save (tenon_plan *plan, const char *path, const tenon_save_options *options,
                                   tenon_report **report, const tenon_progress *progress, tenon_error *error);
/* Writes to an open descriptor from its current position, without seeking. `format` must not be NULL. */
TENON_API tenon_status tenon_save_fd (tenon_plan *plan, int fd, const tenon_save_options *options,
                                      tenon_report **report, const tenon_progress *progress,
                                      tenon_error *error);

/* ---- to anywhere: one file, and nothing beside it -------------------------------------------------- */

/* The functions below write one run of bytes, without a temporary file: what a failure leaves of it is of no
 * use. All need `format`, which may also name a codec of folders and the archive that holds its files, as the
 * end of a name would: "tree.zip". TENON_E_UNSUPPORTED: the format makes several files, or a folder, or
 * cannot be written without going back; or the flag is TENON_SAVE_APPEND. TENON_SAVE_NEW, `lock` and `held`
 * mean nothing. A dry run writes nothing. */

/* Where bytes go that neither a path nor a descriptor stands for. The struct and what it points to belong to
 * the caller. All functions are called on the thread that called tenon_save_to, within that call; after one
 * failed, `reason` alone. Each returns 0 or TENON_E_*, which the save returns, too. */
typedef struct tenon_output {
    uint32_t struct_size, flags; /* no flags yet */
    /* Takes the next bytes, at least one. `bytes` is valid until it returns */
    tenon_status (*write) (void *user, const void *bytes, uint64_t length);
    /* Replaces bytes that write took before; `position` counts from its first byte. NULL: it cannot go back,
     * which some formats need */
    tenon_status (*patch) (void *user, uint64_t position, const void *bytes, uint64_t length);
    /* Called right after write or patch failed: why, in one line, which becomes a part of the message; NULL:
     * it does not know. The text stays valid until the next call. May be NULL */
    const char *(*reason) (void *user);
    /* What the bytes will be called: for messages, for formats that keep no name but that of the file, and,
     * if it ends in the extension of an archive, for codecs of folders. NULL: "the output" */
    const char *name;
    void *user;
} tenon_output;
/* Saves to the functions of `output`. */
TENON_API tenon_status tenon_save_to (tenon_plan *plan, const tenon_output *output,
                                      const tenon_save_options *options, tenon_report **report,
                                      const tenon_progress *progress, tenon_error *error);
/* Saves into memory. *data points to *size bytes, which begin at a page and stay valid until
 * tenon_memory_free (*memory); tenon_open_memory opens them. None of the three pointers may be NULL. A
 * failure sets them to NULL, NULL and 0. After a dry run *size is 0, and the caller frees *memory all the
 * same. The memory does not count against [limits]. */
TENON_API tenon_status tenon_save_memory (tenon_plan *plan, const tenon_save_options *options,
                                          tenon_memory **memory, const void **data, uint64_t *size,
                                          tenon_report **report, const tenon_progress *progress,
                                          tenon_error *error);
/* Writes over the bytes of an open file, from `offset` bytes behind its beginning on. The position of the
 * descriptor does not change, and neither do the bytes behind those that are written; the file grows if it
 * has to. *size, which may be NULL, is the number of bytes. They are synced if the save is durable. The plan
 * must not read what is overwritten. TENON_E_MISUSE: the descriptor is open for reading only, or with
 * O_APPEND. TENON_E_UNSUPPORTED: it is no file that has offsets. */
TENON_API tenon_status tenon_save_at (tenon_plan *plan, int fd, uint64_t offset, uint64_t *size,
                                      const tenon_save_options *options, tenon_report **report,
                                      const tenon_progress *progress, tenon_error *error);

/* Sets *size to the number of bytes that tenon_save would write for the plan with these options: of all files
 * of a set or a folder together, and with TENON_SAVE_APPEND of the whole longer file. It reads no data of
 * tensors, and makes no file. `path` may be NULL if the options name a format. TENON_E_UNSUPPORTED, with the
 * reason: a filter encodes data, and only encoding tells their size. */
TENON_API tenon_status tenon_plan_size (tenon_plan *plan, const tenon_save_options *options, const char *path,
                                        uint64_t *size, tenon_error *error);

/* Opens `source`, adds all of it to a plan, and saves that as `target`. */
TENON_API tenon_status tenon_convert (tenon_context *context, const char *source, const char *target,
                                      const tenon_open_options *open, const tenon_save_options *save,
                                      tenon_report **report, const tenon_progress *progress,
                                      tenon_error *error);

#ifdef __cplusplus
}
#endif
#endif
