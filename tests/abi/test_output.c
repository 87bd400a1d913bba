/* SPDX-License-Identifier: MIT */
/* test_output.c - saves to functions of the program, to memory, and into an open file. */
#include "kit.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM (8u << 20)

/* What the functions of an output got, and how they behave. */
struct taker {
    pthread_t thread;
    uint8_t *bytes;
    uint64_t size, writes, patches, fail_at; /* the call that fails, from 1; 0: none does */
    tenon_status status;
    const char *line;
};

static void
check_taker_call (struct taker *taker)
{
    ck_assert (pthread_equal (taker->thread, pthread_self ()));
    /* none is called after one failed */
    ck_assert (taker->fail_at == 0 || taker->writes + taker->patches <= taker->fail_at);
}

static tenon_status
taker_status (struct taker *taker)
{
    check_taker_call (taker);
    return taker->writes + taker->patches == taker->fail_at ? taker->status : TENON_OK;
}

static tenon_status
take_bytes (void *user, const void *bytes, uint64_t length)
{
    struct taker *taker = user;
    taker->writes++;
    ck_assert_uint_gt (length, 0);
    ck_assert_uint_le (length, ROOM - taker->size);
    memcpy (taker->bytes + taker->size, bytes, length);
    taker->size += length;
    return taker_status (taker);
}

static tenon_status
patch_bytes (void *user, uint64_t position, const void *bytes, uint64_t length)
{
    struct taker *taker = user;
    taker->patches++;
    ck_assert_uint_gt (length, 0);
    ck_assert_uint_le (position + length, taker->size);
    memcpy (taker->bytes + position, bytes, length);
    return taker_status (taker);
}

static tenon_status
take_nothing (void *user, const void *bytes, uint64_t length)
{
    ck_assert (!user && bytes && length > 0);
    return TENON_OK;
}

static const char *
say_reason (void *user)
{
    const struct taker *taker = user;
    ck_assert (pthread_equal (taker->thread, pthread_self ()));
    return taker->line;
}

static struct taker taker;
static tenon_output output;
static tenon_save_options options;

static void
begin_output (const char *format)
{
    free (taker.bytes);
    memset (&taker, 0, sizeof taker);
    taker.thread = pthread_self ();
    taker.bytes = malloc (ROOM);
    KIT_INIT (output);
    output.write = take_bytes;
    output.patch = patch_bytes;
    output.reason = say_reason;
    output.user = &taker;
    KIT_INIT (options);
    options.format = format;
}

static tenon_status
save_to (tenon_plan *plan)
{
    kit_error = (tenon_error) TENON_ERROR_INIT;
    return tenon_save_to (plan, &output, &options, NULL, NULL, &kit_error);
}

/* Many small tensors, and large ones that threads share: sums apart from writing, and many blocks. */
static tenon_plan *
make_plan (void)
{
    static uint32_t numbers[1u << 20];
    tenon_plan *plan = NULL;
    char name[20];
    for (uint32_t i = 0, x = 1; i < 1u << 20; i++)
        numbers[i] = (x = x * 1664525u + 1013904223u) >> 28;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    for (unsigned i = 0; i < 100; i++) {
        snprintf (name, sizeof name, "small%u", i);
        kit_add (plan, name, "u32", 0, 1, KIT_SHAPE (100), numbers + i, 400);
    }
    kit_add (plan, "large", "u32", 0, 1, KIT_SHAPE (1u << 20), numbers, sizeof numbers);
    kit_add (plan, "cast", "u8", 0, 1, KIT_SHAPE (300000), numbers, 300000);
    return plan;
}

static const struct {
    const char *format, *setting;
} forms[] = {
    { "toyraw", NULL },
    { "toybox", "toybox.check=yes" },
    { "toybox", "toybox.filter=deflate" },
    { "toybox", "toybox.block_size=65536 toybox.filter=toyxor" },
    { "tree.zip", NULL },
};

static const char *const *
settings_of (int form)
{
    static char text[200];
    static const char *list[5];
    unsigned count = 0;
    snprintf (text, sizeof text, "%s", forms[form].setting ? forms[form].setting : "");
    for (char *word = strtok (text, " "); word; word = strtok (NULL, " "))
        list[count++] = word;
    list[count] = NULL;
    return list;
}

/* A file of the same plan, which tenon_save makes. */
static const uint8_t *
save_file (tenon_plan *plan, int form, size_t *size)
{
    tenon_save_options own;
    char name[40];
    KIT_INIT (own);
    own.settings = settings_of (form);
    snprintf (name, sizeof name, "x.%s", forms[form].format);
    tenon_status status = tenon_save (plan, kit_path (name), &own, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    return kit_load (name, size);
}

static void
begin_form (int form)
{
    kit_copy_zip ();
    kit_plugins ("toyraw toybox toyxor tree", "core.threads=4");
    begin_output (forms[form].format);
    options.settings = settings_of (form);
}

/* What a path gets, functions, memory and an open file get, too. */
START_TEST (test_same_bytes)
{
    begin_form (_i);
    tenon_plan *plan = make_plan ();
    size_t size;
    const uint8_t *file = save_file (plan, _i, &size);
    tenon_status status = save_to (plan);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    kit_same ("the output", taker.bytes, taker.size, file, size);
    /* small pieces are gathered */
    ck_assert_uint_lt (taker.writes, 100 + size / 4096);

    tenon_memory *memory;
    const void *data;
    uint64_t bytes;
    status = tenon_save_memory (plan, &options, &memory, &data, &bytes, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    kit_same ("the memory", data, bytes, file, size);
    ck_assert_uint_eq ((uintptr_t) data % 4096, 0);
    tenon_file *open = NULL;
    status = tenon_open_memory (kit, data, bytes, NULL, &open, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (tenon_count (open), 102);
    tenon_close (open);
    tenon_memory_free (memory);
    tenon_plan_free (plan);
}
END_TEST

/* The bytes around stay, and the position, also of a file that is longer. */
START_TEST (test_at)
{
    static const uint64_t offsets[] = { 0, 1, 4096, 100001 };
    begin_form (_i);
    tenon_plan *plan = make_plan ();
    size_t size;
    const uint8_t *file = save_file (plan, _i, &size);
    for (unsigned i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        int fd = open (kit_path ("bundle"), O_RDWR | O_CREAT | O_TRUNC, 0600);
        uint64_t offset = offsets[i], wrote = 0, length = offset + size + 1000;
        uint8_t *before = malloc (length), *after = malloc (length);
        memset (before, 0xa5, length);
        ck_assert_int_eq (write (fd, before, length), (ssize_t) length);
        ck_assert_int_eq (lseek (fd, 7, SEEK_SET), 7);
        tenon_status status = tenon_save_at (plan, fd, offset, &wrote, &options, NULL, NULL, &kit_error);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        ck_assert_uint_eq (wrote, size);
        ck_assert_int_eq (lseek (fd, 0, SEEK_CUR), 7);
        ck_assert_int_eq (lseek (fd, 0, SEEK_END), (off_t) length);
        ck_assert_int_eq (pread (fd, after, length, 0), (ssize_t) length);
        memcpy (before + offset, file, size);
        kit_same ("the bundle", after, length, before, length);
        close (fd);
        free (before);
        free (after);
    }
    /* behind the end there is a hole */
    int fd = open (kit_path ("hole"), O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq (tenon_save_at (plan, fd, 1000, NULL, &options, NULL, NULL, &kit_error), TENON_OK);
    ck_assert_int_eq (lseek (fd, 0, SEEK_END), (off_t) (1000 + size));
    close (fd);
    tenon_plan_free (plan);
}
END_TEST

/* A tensor of another file, whose bytes the system copies; and into the file that it lies in. */
START_TEST (test_at_from_file)
{
    begin_form (0);
    tenon_plan *plan = make_plan ();
    size_t size;
    const uint8_t *bytes = save_file (plan, 0, &size);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("x.toyraw", NULL, NULL);
    plan = kit_plan_of (file);
    int fd = open (kit_path ("x.toyraw"), O_RDWR);
    uint64_t wrote, offset = (size + 4095) / 4096 * 4096;
    ck_assert_int_eq (tenon_save_at (plan, fd, offset, &wrote, &options, NULL, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (wrote, size);
    uint8_t *both = malloc (offset + size);
    ck_assert_int_eq (pread (fd, both, offset + size, 0), (ssize_t) (offset + size));
    kit_same ("the first", both, size, bytes, size);
    kit_same ("the second", both + offset, size, bytes, size);
    ck_assert_int_eq (save_to (plan), TENON_OK);
    kit_same ("the output", taker.bytes, taker.size, bytes, size);
    free (both);
    close (fd);
    tenon_plan_free (plan);
    tenon_close (file);
}
END_TEST

START_TEST (test_at_refused)
{
    int ends[2], fd;
    uint64_t size = 5;
    kit_plugins ("toyraw", NULL);
    begin_output ("toyraw");
    tenon_plan *plan = kit_plan ();
    kit_save ("old", "old", 3);
    ck_assert_int_eq (pipe (ends), 0);
    kit_failed (tenon_save_at (plan, ends[1], 0, &size, &options, NULL, NULL, &kit_error),
                TENON_E_UNSUPPORTED, "the descriptor: it is a pipe, socket or terminal");
    ck_assert_uint_eq (size, 0);
    static const struct {
        int flags;
        uint64_t offset;
        tenon_status status;
        const char *words;
    } cases[] = {
        { O_RDONLY, 0, TENON_E_MISUSE, "it is open for reading only" },
        { O_RDWR | O_APPEND, 0, TENON_E_MISUSE, "it is open with O_APPEND" },
        { O_RDWR, UINT64_MAX, TENON_E_MISUSE, "no file has an offset of 2^63 or more" },
        { O_RDWR, (uint64_t) 1 << 63, TENON_E_MISUSE, "no file has an offset of 2^63 or more" },
        { O_RDWR, ((uint64_t) 1 << 63) - 1, TENON_E_MISUSE, "larger than a file can be" },
        { O_RDWR, ((uint64_t) 1 << 63) - 10, TENON_E_MISUSE, "larger than a file can be" },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fd = open (kit_path ("old"), cases[i].flags);
        kit_error = (tenon_error) TENON_ERROR_INIT;
        kit_failed (tenon_save_at (plan, fd, cases[i].offset, NULL, &options, NULL, NULL, &kit_error),
                    cases[i].status, cases[i].words);
        close (fd);
    }
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_at (plan, -1, 0, NULL, &options, NULL, NULL, &kit_error), TENON_E_IO,
                "the descriptor: it cannot be used");
    size_t length;
    ck_assert_int_eq (memcmp (kit_load ("old", &length), "old", 3), 0);
    ck_assert_uint_eq (length, 3);
    close (ends[0]);
    close (ends[1]);
    tenon_plan_free (plan);
}
END_TEST

/* Whatever call fails, its status and its reason are told, and no other call follows. */
START_TEST (test_failing)
{
    begin_form (_i);
    tenon_plan *plan = make_plan ();
    ck_assert_int_eq (save_to (plan), TENON_OK);
    uint64_t calls = taker.writes + taker.patches;
    ck_assert_uint_gt (calls, 2);
    for (uint64_t fail = 1; fail <= calls; fail += fail < 3 ? 1 : calls / 5 + 1) {
        begin_output (forms[_i].format);
        options.settings = settings_of (_i);
        output.name = "s3://bucket/x";
        taker.fail_at = fail;
        taker.status = TENON_E_IO;
        taker.line = "503 slow\ndown";
        kit_failed (save_to (plan), TENON_E_IO,
                    "s3://bucket/x: … program's own output failed: 503 slow\\ndown (input or output error)");
        ck_assert_uint_eq (taker.writes + taker.patches, fail);
        ck_assert_str_eq (kit_error.file, "s3://bucket/x");
    }
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_odd_failures)
{
    kit_plugins ("toyraw", NULL);
    tenon_plan *plan = kit_plan ();
    begin_output ("toyraw");
    taker.fail_at = 1;
    taker.status = TENON_E_CANCELLED;
    kit_failed (save_to (plan), TENON_E_CANCELLED, "the output: the program's own output failed: cancelled");
    begin_output ("toyraw");
    taker.fail_at = 1;
    taker.status = TENON_E_IO;
    output.reason = NULL;
    kit_failed (save_to (plan), TENON_E_IO, "failed: input or output error");
    begin_output ("toyraw");
    taker.fail_at = 1;
    taker.status = 7;
    kit_failed (save_to (plan), TENON_E_MISUSE, "output returned 7, which is neither success nor a failure");
    tenon_plan_free (plan);
}
END_TEST

/* Without a way back, and without any way. */
START_TEST (test_refused)
{
    kit_plugins ("toyraw toybox toyset tree badwrite", NULL);
    tenon_plan *plan = kit_plan ();
    begin_output ("toyraw");
    output.patch = NULL;
    ck_assert_int_eq (save_to (plan), TENON_OK);
    begin_output ("toybox");
    output.patch = NULL;
    kit_failed (save_to (plan), TENON_E_UNSUPPORTED, "the format toybox goes back to fill in its header");
    ck_assert_uint_eq (taker.writes, 0);
    /* one that goes back without having said so */
    begin_output ("patcher");
    ck_assert_int_eq (save_to (plan), TENON_OK);
    kit_same ("patched", taker.bytes, taker.size, (const uint8_t *) "DONE\1\2\3\4", 8);
    output.patch = NULL;
    kit_failed (save_to (plan), TENON_E_UNSUPPORTED, "goes back");
    begin_output ("toyset");
    kit_failed (save_to (plan), TENON_E_UNSUPPORTED, "");
    begin_output ("tree");
    kit_failed (save_to (plan), TENON_E_UNSUPPORTED, "the format tree is a folder of files");
    ck_assert_uint_eq (taker.writes, 0);
    begin_output (NULL);
    kit_failed (save_to (plan), TENON_E_MISUSE, "needs the name of a format");
    begin_output ("nothing");
    kit_failed (save_to (plan), TENON_E_NOT_FOUND, "nothing");
    begin_output ("no.thing");
    kit_failed (save_to (plan), TENON_E_UNRECOGNISED, "no codec writes files with this extension");
    begin_output ("toyraw");
    options.flags = TENON_SAVE_APPEND;
    kit_failed (save_to (plan), TENON_E_UNSUPPORTED, "nothing can be added");
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_misuse)
{
    tenon_memory *memory = (tenon_memory *) &memory;
    const void *data = &data;
    uint64_t size = 1;
    kit_plugins ("toyraw", NULL);
    tenon_plan *plan = kit_plan ();
    begin_output ("toyraw");
    kit_failed (tenon_save_to (NULL, &output, &options, NULL, NULL, &kit_error), TENON_E_MISUSE, "plan");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_to (plan, NULL, &options, NULL, NULL, &kit_error), TENON_E_MISUSE, "output");
    output.struct_size = 8;
    kit_failed (save_to (plan), TENON_E_MISUSE, "a tenon_output needs its struct_size and write");
    begin_output ("toyraw");
    output.write = NULL;
    kit_failed (save_to (plan), TENON_E_MISUSE, "a tenon_output needs its struct_size and write");
    begin_output ("toyraw");
    output.flags = 0x20000;
    kit_failed (save_to (plan), TENON_E_MISUSE, "output flags 0x20000 are not known");
    output.flags = 0x20; /* of a later version, which only adds */
    ck_assert_int_eq (save_to (plan), TENON_OK);
    /* what a struct does not have is not looked at */
    begin_output ("toyraw");
    output.write = take_nothing;
    output.struct_size = (uint32_t) offsetof (tenon_output, patch);
    output.name = (const char *) 1;
    ck_assert_int_eq (save_to (plan), TENON_OK);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_memory (plan, &options, NULL, &data, &size, NULL, NULL, &kit_error),
                TENON_E_MISUSE, "memory");
    ck_assert_ptr_null (data);
    ck_assert_uint_eq (size, 0);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_memory (plan, &options, &memory, NULL, &size, NULL, NULL, &kit_error),
                TENON_E_MISUSE, "data");
    ck_assert_ptr_null (memory);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_memory (plan, &options, &memory, &data, NULL, NULL, NULL, &kit_error),
                TENON_E_MISUSE, "size");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_memory (NULL, &options, &memory, &data, &size, NULL, NULL, &kit_error),
                TENON_E_MISUSE, "plan");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_at (NULL, 1, 0, &size, &options, NULL, NULL, &kit_error), TENON_E_MISUSE, "plan");
    tenon_plan_free (plan);
}
END_TEST

/* The name is that of a tensor whose format has no names, and chooses the archive of a codec of folders. */
START_TEST (test_name)
{
    kit_copy_zip ();
    kit_plugins ("toyraw toyplain tree", NULL);
    tenon_plan *plan = kit_plan ();
    begin_output ("tree");
    output.name = "weights.tree.zip";
    ck_assert_int_eq (save_to (plan), TENON_OK);
    ck_assert_int_eq (memcmp (taker.bytes, "PK\3\4", 4), 0);
    begin_output ("tree.zip");
    output.name = "weights.tree.zip";
    ck_assert_int_eq (save_to (plan), TENON_OK);
    ck_assert_int_eq (memcmp (taker.bytes, "PK\3\4", 4), 0);
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_dry_run)
{
    tenon_memory *memory;
    const void *data;
    uint64_t size = 1;
    kit_plugins ("toyraw", NULL);
    tenon_plan *plan = kit_plan ();
    begin_output ("toyraw");
    options.flags = TENON_SAVE_DRY_RUN;
    ck_assert_int_eq (save_to (plan), TENON_OK);
    ck_assert_uint_eq (taker.writes, 0);
    int fd = open (kit_path ("empty"), O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq (tenon_save_at (plan, fd, 9, &size, &options, NULL, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (size, 0);
    ck_assert_int_eq (tenon_save_fd (plan, fd, &options, NULL, NULL, &kit_error), TENON_OK);
    ck_assert_int_eq (lseek (fd, 0, SEEK_END), 0);
    close (fd);
    size = 1;
    ck_assert_int_eq (tenon_save_memory (plan, &options, &memory, &data, &size, NULL, NULL, &kit_error),
                      TENON_OK);
    ck_assert_uint_eq (size, 0);
    tenon_memory_free (memory);
    tenon_plan_free (plan);
}
END_TEST

static int
stop_at_once (void *user, uint64_t done, uint64_t total)
{
    (void) user, (void) done, (void) total;
    return 1;
}

START_TEST (test_stopped)
{
    tenon_progress progress = { sizeof progress, 0, stop_at_once, NULL };
    tenon_memory *memory;
    const void *data;
    uint64_t size;
    begin_form (2);
    tenon_plan *plan = make_plan ();
    kit_failed (tenon_save_to (plan, &output, &options, NULL, &progress, &kit_error), TENON_E_CANCELLED, "");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_memory (plan, &options, &memory, &data, &size, NULL, &progress, &kit_error),
                TENON_E_CANCELLED, "the memory: ");
    ck_assert_ptr_null (memory);
    ck_assert_ptr_null (data);
    tenon_plan_free (plan);
}
END_TEST

/* ---- devices and pipes by their paths ---- */

struct fifo {
    const char *path;
    struct bytes bytes;
};

static void *
read_fifo (void *opaque)
{
    struct fifo *fifo = opaque;
    struct bytes *bytes = &fifo->bytes;
    int fd = open (fifo->path, O_RDONLY);
    for (ssize_t got; (got = read (fd, bytes->data + bytes->size, sizeof bytes->data - bytes->size)) > 0;)
        bytes->size += (size_t) got;
    close (fd);
    return NULL;
}

/* A FIFO, and a link to a device, keep their names; a name that nothing has gets the extension. */
START_TEST (test_no_extension)
{
    static struct fifo fifo;
    pthread_t reader;
    kit_plugins ("toyraw", NULL);
    tenon_plan *plan = kit_plan ();
    KIT_INIT (options);
    options.format = "toyraw";
    fifo.path = kit_path ("fifo");
    ck_assert_int_eq (mkfifo (fifo.path, 0600), 0);
    ck_assert_int_eq (pthread_create (&reader, NULL, read_fifo, &fifo), 0);
    tenon_status status = tenon_save (plan, fifo.path, &options, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    pthread_join (reader, NULL);
    ck_assert_int_eq (symlink ("/dev/null", kit_path ("null")), 0);
    ck_assert_int_eq (tenon_save (plan, kit_path ("null"), &options, NULL, NULL, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_save (plan, "/dev/null", &options, NULL, NULL, &kit_error), TENON_OK);
    ck_assert (!kit_exists ("fifo.toyraw") && !kit_exists ("null.toyraw"));
    ck_assert_int_eq (tenon_save (plan, kit_path ("new"), &options, NULL, NULL, &kit_error), TENON_OK);
    kit_same_file ("new.toyraw", &fifo.bytes);
    tenon_plan_free (plan);
}
END_TEST

/* ---- a file that the plan has tensors of, and that was cut since ---- */

/* The failure names that file, to which its offset belongs, and not the one that is written. */
START_TEST (test_cut_source)
{
    static const struct {
        const char *format, *settings;
    } targets[] = { { "toyraw", NULL },
                    { "toybox", NULL },
                    { "toybox", "toybox.check=yes" },
                    { "toybox", "toybox.filter=toyxor" },
                    { "toybox", "toybox.block_size=65536 toybox.filter=toyxor" } };
    static const uint8_t items[300000];
    const uint64_t shape[] = { sizeof items };
    tenon_memory *memory;
    const void *data;
    uint64_t size;
    tenon_plan *plan = kit_empty_plan ("toyraw toybox toyxor");
    kit_add (plan, "small", "u8", 0, 1, KIT_SHAPE (100), items, 100);
    kit_add (plan, "large", "u8", 0, 1, shape, items, sizeof items);
    ck_assert_int_eq (kit_write (plan, "f.toyraw", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("f.toyraw", NULL, NULL);
    ck_assert_int_eq (truncate (kit_path ("f.toyraw"), 150000), 0);
    plan = kit_plan_of (file);
    for (unsigned i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        kit_error = (tenon_error) TENON_ERROR_INIT;
        ck_assert_int_eq (kit_write (plan, "new", targets[i].format, targets[i].settings, NULL),
                          TENON_E_TRUNCATED);
        ck_assert_str_eq (kit_error.file, kit_path ("f.toyraw"));
        ck_assert_str_eq (kit_error.tensor, "large");
        ck_assert_int_eq (access (kit_path ("new"), F_OK), -1);
    }
    tenon_save_options how = { .struct_size = sizeof how, .format = "toyraw" };
    ck_assert_int_eq (tenon_save_memory (plan, &how, &memory, &data, &size, NULL, NULL, &kit_error),
                      TENON_E_TRUNCATED);
    ck_assert_str_eq (kit_error.file, kit_path ("f.toyraw"));
    tenon_plan_free (plan);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "output");
    tcase_set_timeout (tests, 30);
    tcase_add_loop_test (tests, test_same_bytes, 0, (int) (sizeof forms / sizeof forms[0]));
    tcase_add_loop_test (tests, test_at, 0, (int) (sizeof forms / sizeof forms[0]));
    tcase_add_test (tests, test_at_from_file);
    tcase_add_test (tests, test_at_refused);
    tcase_add_loop_test (tests, test_failing, 0, (int) (sizeof forms / sizeof forms[0]));
    tcase_add_test (tests, test_odd_failures);
    tcase_add_test (tests, test_refused);
    tcase_add_test (tests, test_misuse);
    tcase_add_test (tests, test_name);
    tcase_add_test (tests, test_dry_run);
    tcase_add_test (tests, test_stopped);
    tcase_add_test (tests, test_no_extension);
    tcase_add_test (tests, test_cut_source);
}

int
main (void)
{
    return kit_main ("output", fill_suite);
}
