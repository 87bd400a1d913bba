/* SPDX-License-Identifier: MIT */
/* legacy.c - what torch.save wrote before version 1.6, and still writes on request: five pickles (a magic
 * number, a version, the machine, the object, the keys of its storages), and the storages behind them, each
 * with the number of its items before it. All is little-endian. */
#include "pt.h"

#define MAGIC_BYTES "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19" /* little-endian */
#define MAGIC_DIGITS "119547037146038801333356"
#define FORMAT_VERSION 1001
/* How much of a file is read at first: where its pickles end is known when they were read. */
#define FIRST_WINDOW 65536u

enum { PICKLE_MAGIC, PICKLE_VERSION, PICKLE_MACHINE, PICKLE_OBJECT, PICKLE_KEYS, PICKLES };

/* ---- recognition ---- */

int32_t
pt_probe_legacy (struct tenon_call *call)
{
    static const char binary[] = "\x8a\x0a" MAGIC_BYTES ".", text[] = "L" MAGIC_DIGITS "L\n.";
    struct tenon_source_info info = TENON_INIT (info);
    uint8_t head[64];
    uint64_t length, at = 0;
    if (call->host->source_info (call, 0, &info) < 0)
        return 0;
    length = info.size < sizeof head ? info.size : sizeof head;
    if (length < sizeof binary || call->host->read_at (call, 0, 0, head, length) < 0)
        return 0;
    if (head[0] == 0x80)
        at = head[2] == 0x95 ? 11 : 2;
    if (length - at >= sizeof binary - 1 && memcmp (head + at, binary, sizeof binary - 1) == 0)
        return 100;
    return length - at >= sizeof text - 1 && memcmp (head + at, text, sizeof text - 1) == 0 ? 100 : 0;
}

/* ---- pickles ---- */

static tenon_status
check_beginning (struct pt_reader *reader, unsigned number, uint32_t value)
{
    struct pt_machine *machine = &reader->machine;
    const struct pt_value *found = pt_at (machine, value);
    if (number == PICKLE_MAGIC) {
        int binary = found->count == sizeof MAGIC_BYTES - 1
                     && memcmp (found->as.bytes, MAGIC_BYTES, found->count) == 0;
        int text = found->count == sizeof MAGIC_DIGITS - 1
                   && memcmp (found->as.bytes, MAGIC_DIGITS, found->count) == 0;
        if (found->kind != PT_HUGE || (!binary && !text))
            return pt_fault_at (machine, TENON_E_MALFORMED, 0,
                                "found another value than the magic number of torch");
    }
    if (number == PICKLE_VERSION && (found->kind != PT_INT || found->as.i != FORMAT_VERSION))
        return pt_fault_at (machine, TENON_E_UNSUPPORTED, machine->at,
                            "found version %lld of the format, expected %d",
                            found->kind == PT_INT ? (long long) found->as.i : -1ll, FORMAT_VERSION);
    if (number == PICKLE_KEYS && found->kind != PT_LIST && found->kind != PT_TUPLE)
        return pt_fault_at (machine, TENON_E_MALFORMED, machine->at, "found no list of the keys of storages");
    return TENON_OK;
}

/* Reads the pickles in a window of `size` bytes. TENON_E_TRUNCATED, and machine->need, if they go on behind
 * it. */
static tenon_status
read_window (struct pt_reader *reader, uint64_t size, uint32_t roots[PICKLES])
{
    struct tenon_call *call = reader->call;
    struct pt_machine *machine = &reader->machine;
    TENON_TRY (pt_begin (machine, call));
    if (!(machine->bytes = call->host->view (call, 0, 0, size)))
        return TENON_E_IO;
    machine->size = size;
    for (unsigned i = 0; i < PICKLES; i++) {
        TENON_TRY (pt_unpickle (machine, &roots[i]));
        TENON_TRY (check_beginning (reader, i, roots[i]));
    }
    return TENON_OK;
}

static tenon_status
read_pickles (struct pt_reader *reader, uint64_t size, uint32_t roots[PICKLES])
{
    uint64_t window = size < FIRST_WINDOW ? size : FIRST_WINDOW;
    for (;;) {
        tenon_status status = read_window (reader, window, roots);
        if (reader->machine.fault.status != TENON_E_TRUNCATED || window == size)
            return status < 0 ? pt_report (reader, status) : status;
        window = window > size / 4 ? size : 4 * window;
        if (reader->machine.need > window)
            window = reader->machine.need < size ? reader->machine.need : size;
    }
}

/* ---- storages ---- */

/* Finds where a storage lies: `at` is the place of the number of its items, which ends there for those of a
 * file that is cut off. */
static tenon_status
place_storage (struct pt_reader *reader, struct pt_storage *storage, uint64_t size, uint64_t *at)
{
    uint8_t bytes[8];
    storage->source = 0;
    storage->offset = size;
    storage->size = UINT64_MAX; /* the file ends before it */
    storage->state = PT_OPENED;
    if (*at > size || size - *at < sizeof bytes) {
        *at = size;
        return TENON_OK;
    }
    TENON_TRY (reader->call->host->read_at (reader->call, 0, *at, bytes, sizeof bytes));
    uint64_t items = tenon_le64 (bytes);
    if (items > INT64_MAX / 16)
        return tenon_fail (reader->call, TENON_E_MALFORMED, *at, "found a storage of %lld items",
                           (long long) items);
    storage->offset = *at + sizeof bytes;
    storage->size = items * storage->item_size;
    *at = storage->offset + storage->size;
    return TENON_OK;
}

static tenon_status
place_storages (struct pt_reader *reader, uint32_t keys, uint64_t size)
{
    struct pt_machine *machine = &reader->machine;
    uint64_t at = machine->at;
    uint32_t count = pt_at (machine, keys)->count, number;
    char shown[PT_SHOWN];
    for (uint32_t i = 0; i < count; i++) {
        const struct pt_value *key = pt_at (machine, pt_item (machine, keys, i));
        if (key->kind != PT_STRING)
            return tenon_fail (reader->call, TENON_E_MALFORMED, machine->at,
                               "found a key of a storage that is no text");
        TENON_TRY (pt_intern (machine, key->as.bytes, key->count, &number));
        if (machine->storages[number].item_size == 0 || machine->storages[number].state != PT_UNOPENED)
            return tenon_fail (reader->call, TENON_E_MALFORMED, machine->at, "found the storage '%s' %s",
                               pt_show (key->as.bytes, key->count, shown),
                               machine->storages[number].item_size ? "twice"
                                                                   : "which no value of the file has");
        TENON_TRY (place_storage (reader, &machine->storages[number], size, &at));
    }
    if (at < size)
        tenon_note (reader->call, TENON_LOSS, NULL,
                    "%llu byte%s behind the last storage, from offset %llu on, %s not read",
                    (unsigned long long) (size - at), size - at == 1 ? "" : "s", (unsigned long long) at,
                    size - at == 1 ? "is" : "are");
    return TENON_OK;
}

/* All storages that the file has were found already. */
static tenon_status
open_nothing (struct pt_reader *reader, struct pt_storage *storage)
{
    (void) reader;
    storage->state = PT_MISSING;
    return TENON_OK;
}

tenon_status
pt_describe_legacy (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    struct pt_reader *reader = call->host->scratch (call, sizeof *reader);
    uint32_t roots[PICKLES];
    if (!reader)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->source_info (call, 0, &info));
    reader->call = call;
    reader->open = open_nothing;
    TENON_TRY (read_pickles (reader, info.size, roots));
    TENON_TRY (place_storages (reader, roots[PICKLE_KEYS], info.size));
    call->host->expect (call, reader->machine.storage_count, 0);
    return pt_walk (reader, roots[PICKLE_OBJECT]);
}
