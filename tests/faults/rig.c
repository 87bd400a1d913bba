/* SPDX-License-Identifier: MIT */
/* rig.c - shared by the fault tests. */
#include "rig.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

struct rig rig;

static void *
find_symbol (const char *name)
{
    return dlsym (RTLD_DEFAULT, name);
}

void
rig_begin (char **arguments)
{
    const char *sanitizers = getenv ("TENON_SANITIZERS"), *folder = getenv ("TENON_BUILDDIR");
    char path[1024];
    *(void **) &rig.set = find_symbol ("faults_set");
    *(void **) &rig.count = find_symbol ("faults_count");
    *(void **) &rig.hits = find_symbol ("faults_hits");
    *(void **) &rig.live = find_symbol ("faults_live");
    *(void **) &rig.peak = find_symbol ("faults_peak");
    *(void **) &rig.exchange = find_symbol ("faults_exchange");
    if (rig.set && rig.count && rig.hits && rig.live) {
        unsetenv ("LD_PRELOAD");
        return;
    }
    snprintf (path, sizeof path, "%s/tests/faults/.libs/faults.so", folder ? folder : ".");
    if (!getenv ("LD_PRELOAD") && !(sanitizers && sanitizers[0]) && access (path, R_OK) < 0) {
        printf ("%s is not there\n0%%: Checks: 1, Failures: 1, Errors: 0\n", path);
        exit (1);
    }
    if (getenv ("LD_PRELOAD") || (sanitizers && sanitizers[0])) {
        printf ("the calls of the C library cannot be made to fail here\n");
        puts ("100%: Checks: 0, Failures: 0, Errors: 0"); /* this build cannot make calls fail */
        exit (77);                                        /* automake: skipped */
    }
    setenv ("LD_PRELOAD", path, 1);
    execv ("/proc/self/exe", arguments);
    printf ("this program cannot be started again: %s\n", strerror (errno));
    puts ("100%: Checks: 0, Failures: 0, Errors: 0");
    exit (77);
}

void
rig_fail (const char *format, ...)
{
    char what[200];
    va_list list;
    va_start (list, format);
    vsnprintf (what, sizeof what, format, list);
    va_end (list);
    if (rig.set (what) != 0) /* an assertion would allocate */
        ck_abort_msg ("%s", what);
}

void
rig_stop (void)
{
    rig.set (NULL);
}

/* ---- memory ---- */

unsigned
rig_descriptors (void)
{
    unsigned count = 0;
    DIR *list = opendir ("/proc/self/fd");
    while (list && readdir (list))
        count++;
    if (list)
        closedir (list);
    return count;
}

void
rig_sweep (rig_work work, int kind, const char *name, const char *last)
{
    tenon_error error = TENON_ERROR_INIT;
    for (unsigned i = 0; i < 3;
         i++) { /* threads, and buffers of the C library, are made in the first rounds */
        tenon_status status = work (kind, &error);
        ck_assert_msg (status == TENON_OK, "%s: %s", name, error.message);
    }
    int64_t live = rig.live ();
    unsigned descriptors = rig_descriptors ();
    for (unsigned number = 1;; number++) {
        static const tenon_error fresh = TENON_ERROR_INIT;
        error = fresh;
        rig_fail ("memory:ENOMEM:%u%s", number, last);
        tenon_status status = work (kind, &error);
        uint64_t hits = rig.hits ();
        rig_stop ();
        ck_assert_msg (status == TENON_OK || status == TENON_E_MEMORY, "%s, allocation %u%s: %s: %s", name,
                       number, last, tenon_status_name (status), error.message);
        ck_assert_msg (status == error.status, "%s, allocation %u%s: the error says %s, the status is %s",
                       name, number, last, tenon_status_name (error.status), tenon_status_name (status));
        ck_assert_msg (rig.live () == live, "%s, allocation %u%s: %lld blocks are lost (%s)", name, number,
                       last, (long long) (rig.live () - live), error.message);
        ck_assert_msg (rig_descriptors () == descriptors, "%s, allocation %u%s: a descriptor is lost", name,
                       number, last);
        if (hits == 0)
            break;
    }
}

/* ---- generations: 1 and 2 ---- */

#define LONG_ITEMS 300000u /* 1.2 MB: large enough to be preallocated and to bypass the buffer */
#define SHORT_ITEMS 1000u

static float items[2][LONG_ITEMS];
static uint64_t short_items[SHORT_ITEMS];
static char paths[RIG_SAVES][512], sources[2][2][512];

static const struct {
    const char *name, *file;
    const char *settings[8], *second[4]; /* of the second generation, if others */
} kinds[RIG_SAVES] = {
    [RIG_RAW] = { "toyraw", "t.toyraw", { NULL } },
    [RIG_BOX] = { "toybox", "t.toybox", { NULL } },
    [RIG_DEFLATE] = { "deflate, in blocks",
                      "d.toybox",
                      { "toybox.filter=deflate", "toybox.level=1", "toybox.block_size=64KiB", NULL } },
    [RIG_ROT] = { "a filter of the whole", "r.toybox", { "toybox.filter=toyrot", "toybox.group=0", NULL } },
    [RIG_SET] = { "set", "t.toyset", { "toyset.each=1", NULL } },
    [RIG_BESIDE] = { "set, its index beside", "b.toyset", { "toyset.each=1", "toyset.beside=yes", NULL } },
    [RIG_GROWN] = { "set of fewer shards",
                    "g.toyset",
                    { "toyset.each=1", "toyset.beside=yes", NULL },
                    { "toyset.each=2", "toyset.beside=yes", NULL } },
    [RIG_BARE] = { "set without an index",
                   "n.toyset",
                   { "toyset.each=1", "toyset.beside=yes", "toyset.bare=yes", NULL } },
    [RIG_APPEND] = { "added to, members announced", "a.toybox", { "toybox.filter=toyxor", NULL } },
    [RIG_CONVERT] = { "converted", "c.toybox", { NULL } },
    [RIG_COPY] = { "copied", "c.toyraw", { NULL } },
    [RIG_TREE] = { "folder", "k.tree", { NULL } },
    [RIG_FD] = { "descriptor", "fd.toyraw", { NULL } },
    [RIG_AT] = { "offset", "at.toyraw", { NULL } },
    [RIG_OUTPUT] = { "output", "o.toybox", { "toybox.filter=deflate", "toybox.block_size=64KiB", NULL } },
    [RIG_MEMORY] = { "memory", "m.toybox", { NULL } },
};
const char *const rig_names[RIG_SAVES] = {
    "toyraw", "toybox",  "deflate", "rot",    "set",        "beside", "grown",  "bare",
    "append", "convert", "copy",    "folder", "descriptor", "at",     "output", "memory",
};

static uint64_t
short_item (unsigned number, unsigned i)
{
    return number * 1000003u + i;
}

static tenon_plan *
plan_of (unsigned number, tenon_error *error)
{
    static const uint64_t long_shape[] = { 3, LONG_ITEMS / 3 }, short_shape[] = { SHORT_ITEMS };
    tenon_array array = { .struct_size = sizeof array, .dtype = TENON_F32, .name = "long", .rank = 2 };
    struct tenon_value value = { .type = TENON_STRING, .count = 5, .as.string = "value" };
    tenon_plan *plan;
    if (tenon_plan_new (kit, &plan, error) < 0)
        return NULL;
    array.shape = long_shape;
    array.data = items[number % 2];
    array.size = sizeof items[0];
    tenon_status status = tenon_plan_add (plan, &array, error);
    for (unsigned i = 0; i < SHORT_ITEMS; i++)
        short_items[i] = short_item (number, i);
    array.name = "short";
    array.dtype = TENON_U64;
    array.rank = 1;
    array.shape = short_shape;
    array.data = short_items;
    array.size = sizeof short_items;
    if (status == TENON_OK)
        status = tenon_plan_add (plan, &array, error);
    if (status == TENON_OK)
        status = tenon_plan_add_metadata (plan, "key", &value, error);
    if (status == TENON_OK)
        status = tenon_plan_set_metadata (plan, "gone", "array:string", "[\"x\"]", error);
    tenon_item_text item = { sizeof item, 0, 0, "longer", 6 };
    if (status == TENON_OK)
        status = tenon_plan_set_metadata_items (plan, "gone", &item, 1, error);
    if (status == TENON_OK)
        status = tenon_plan_remove_metadata (plan, "gone", error);
    if (status == TENON_OK)
        return plan;
    tenon_plan_free (plan);
    return NULL;
}

static tenon_status
write_bytes (void *user, const void *bytes, uint64_t length)
{
    const char *from = bytes;
    for (ssize_t wrote; length > 0; from += wrote, length -= (uint64_t) wrote)
        if ((wrote = write (*(int *) user, from, length)) <= 0)
            return TENON_E_IO;
    return TENON_OK;
}

static tenon_status
patch_bytes (void *user, uint64_t position, const void *bytes, uint64_t length)
{
    const char *from = bytes;
    for (ssize_t wrote; length > 0; from += wrote, position += (uint64_t) wrote, length -= (uint64_t) wrote)
        if ((wrote = pwrite (*(int *) user, from, length, (off_t) position)) <= 0)
            return TENON_E_IO;
    return TENON_OK;
}

static tenon_status
save_into (int kind, tenon_plan *plan, int fd, const tenon_save_options *options, tenon_error *error)
{
    tenon_output output = { .struct_size = sizeof output, .write = write_bytes, .patch = patch_bytes };
    tenon_memory *memory;
    const void *data;
    uint64_t size;
    output.user = &fd;
    if (kind == RIG_FD)
        return tenon_save_fd (plan, fd, options, NULL, NULL, error);
    if (kind == RIG_AT)
        return tenon_save_at (plan, fd, 0, NULL, options, NULL, NULL, error);
    if (kind == RIG_OUTPUT)
        return tenon_save_to (plan, &output, options, NULL, NULL, error);
    tenon_status status = tenon_save_memory (plan, options, &memory, &data, &size, NULL, NULL, error);
    if (status == TENON_OK)
        status = write_bytes (&fd, data, size);
    tenon_memory_free (memory);
    return status;
}

static tenon_status
save_fd (int kind, tenon_plan *plan, tenon_save_options options, tenon_error *error)
{
    int fd = open (paths[kind], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return TENON_E_IO;
    options.format = kind <= RIG_AT ? "toyraw" : "toybox";
    tenon_status status = save_into (kind, plan, fd, &options, error);
    close (fd);
    return status;
}

static tenon_status
save_plan (int kind, unsigned number, tenon_plan *plan, tenon_error *error)
{
    tenon_save_options options = { .struct_size = sizeof options };
    options.settings = number == 2 && kinds[kind].second[0] ? kinds[kind].second : kinds[kind].settings;
    /* the second generation is appended to the first, which replaces the file, so that it does not grow for
     * ever */
    options.flags = kind == RIG_APPEND && number == 2 ? TENON_SAVE_APPEND : 0;
    if (kind >= RIG_FD)
        return save_fd (kind, plan, options, error);
    return tenon_save (plan, paths[kind], &options, NULL, NULL, error);
}

tenon_status
rig_save (int kind, unsigned number, tenon_error *error)
{
    tenon_save_options save = { .struct_size = sizeof save };
    save.settings = kinds[kind].settings;
    if (kind == RIG_CONVERT || kind == RIG_COPY)
        return tenon_convert (kit, sources[kind == RIG_COPY][number % 2], paths[kind], NULL, &save, NULL,
                              NULL, error);
    tenon_plan *plan = plan_of (number, error);
    if (!plan)
        return error->status < 0 ? error->status : TENON_E_MISUSE;
    tenon_status status = save_plan (kind, number, plan, error);
    tenon_plan_free (plan);
    return status;
}

void
rig_setup (int durable)
{
    kit_plugins ("toyraw toybox toyxor toyset tree", durable ? "save.durable=yes" : "save.durable=no");
    for (unsigned i = 0; i < LONG_ITEMS; i++) {
        items[0][i] = (float) (i % 5000);
        items[1][i] = (float) (i % 4999) + 0.5F;
    }
    for (int kind = 0; kind < RIG_SAVES; kind++)
        strcpy (paths[kind], kit_path (kinds[kind].file));
    for (unsigned number = 0; number < 2; number++)
        for (int copy = 0; copy < 2; copy++) {
            tenon_save_options options = { .struct_size = sizeof options };
            tenon_plan *plan = plan_of (2 - number, &kit_error);
            ck_assert_msg (plan != NULL, "%s", kit_error.message);
            snprintf (sources[copy][number], sizeof sources[copy][number], "%s",
                      kit_path (copy ? "from-0.toyraw" : "from-0.toybox"));
            *strrchr (sources[copy][number], '0') = (char) ('0' + number);
            tenon_status status = tenon_save (plan, sources[copy][number], &options, NULL, NULL, &kit_error);
            ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
            tenon_plan_free (plan);
        }
}

/* ---- what is there ---- */

static int
generation_of (tenon_file *file, const char **why)
{
    static float found[LONG_ITEMS];
    static uint64_t few[SHORT_ITEMS];
    tenon_error error = TENON_ERROR_INIT;
    tenon_request requests[2] = { { .struct_size = sizeof requests[0], .data = found, .size = sizeof found },
                                  { .struct_size = sizeof requests[0], .data = few, .size = sizeof few } };
    uint64_t key;
    *why = "a tensor or key is missing";
    if (tenon_count (file) != 2 || tenon_find (file, "long", &requests[0].index) < 0
        || tenon_find (file, "short", &requests[1].index) < 0)
        return -1;
    if (tenon_metadata_count (file) > 0 && tenon_metadata_find (file, "key", &key) < 0)
        return -1;
    *why = "it cannot be read";
    if (tenon_read (file, requests, 2, NULL, &error) < 0)
        return -1;
    uint64_t number = few[0] / 1000003u;
    *why = "its numbers are of several generations";
    for (unsigned i = 0; i < SHORT_ITEMS; i++)
        if (few[i] != short_item ((unsigned) number, i))
            return -1;
    return memcmp (found, items[number % 2], sizeof found) == 0 ? (int) number : -1;
}

const char *
rig_path (int kind)
{
    return kind == RIG_BESIDE  ? kit_path ("b.index.toyset")
           : kind == RIG_GROWN ? kit_path ("g.index.toyset")
           : kind == RIG_BARE  ? kit_path ("n-00001-of-00002.toyraw")
                               : paths[kind];
}

int
rig_generation (int kind, const char **why)
{
    static char message[1024];
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file;
    const char *path = rig_path (kind);
    tenon_open_options options = { .struct_size = sizeof options,
                                   .flags = kind == RIG_BARE ? TENON_OPEN_SHARDS : 0 };
    if (tenon_open (kit, path, &options, &file, &error) < 0) {
        snprintf (message, sizeof message, "%s", error.message);
        *why = message;
        return access (path, F_OK) < 0 && rig_files (kind) == 0 ? 0 : -1;
    }
    int number = generation_of (file, why);
    tenon_close (file);
    return number;
}

static void
remove_all (const char *path)
{
    char command[600];
    snprintf (command, sizeof command, "rm -rf '%s'", path);
    ck_assert_int_eq (remove (path) == 0 ? 0 : system (command), 0);
}

/* Counts the files for which the function says yes, or removes them. */
static unsigned
visit_files (bool (*is_wanted) (const char *name, int kind), int kind, bool removed)
{
    char folder[512];
    unsigned count = 0;
    strcpy (folder, paths[0]);
    *strrchr (folder, '/') = 0;
    DIR *list = opendir (folder);
    ck_assert_ptr_nonnull (list);
    for (const struct dirent *entry; (entry = readdir (list)) != NULL;)
        if (is_wanted (entry->d_name, kind)) {
            count++;
            if (removed)
                remove_all (kit_path (entry->d_name));
        }
    closedir (list);
    return count;
}

static bool
is_litter (const char *name, int kind)
{
    (void) kind;
    return strstr (name, ".tmp") || strstr (name, ".tenon");
}

static bool
is_temporary (const char *name, int kind)
{
    (void) kind;
    return strstr (name, ".tmp") != NULL;
}

static bool
is_of_kind (const char *name, int kind)
{
    const char *file = kinds[kind].file;
    return name[0] == file[0] && strchr (".-", name[1]) && (strstr (name, ".toy") || strstr (name, ".tree"));
}

unsigned
rig_litter (void)
{
    return visit_files (is_litter, 0, false);
}

unsigned
rig_temporaries (void)
{
    return visit_files (is_temporary, 0, false);
}

unsigned
rig_files (int kind)
{
    return visit_files (is_of_kind, kind, false);
}

void
rig_remove (int kind)
{
    visit_files (is_of_kind, kind, true);
    visit_files (is_litter, 0, true);
}
