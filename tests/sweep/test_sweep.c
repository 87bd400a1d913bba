/* SPDX-License-Identifier: MIT */
/* test_sweep.c - every small sample of every plugin, truncated at every byte, and with every byte changed: a
 * header lies at the beginning in one format, at the end in another, and between the data in a third.
 *
 * Of a sharded set, a folder called set, every file is damaged in turn, and the set is opened by its index.
 *
 * Nothing may crash, hang, or take more memory than the limits allow; a file that opens must be readable or
 * fail with a message. A tensor that is told to be unreadable cannot be read, and the file not be verified.
 * All of it runs on a small stack. Under ASan and UBSan this test finds reads beyond an end. Samples lie in
 * plugins/NAME/samples; files up to LARGEST bytes are taken. */
#include "../small_stack.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <tenon/tenon.h>
#include <unistd.h>

#define LARGEST 4096
#define MOST_READ (1 << 22) /* files with more decoded bytes are not loaded at once */

static tenon_context *context;
static char **samples;
static int sample_count;

static void
collect_seeds (const char *folder)
{
    DIR *dir = opendir (folder);
    struct dirent *entry;
    while (dir && (entry = readdir (dir))) {
        char path[4096];
        struct stat status;
        if (entry->d_name[0] == '.'
            || snprintf (path, sizeof path, "%s/%s", folder, entry->d_name) >= (int) sizeof path)
            continue;
        if (stat (path, &status) == 0 && S_ISDIR (status.st_mode))
            collect_seeds (path);
        else if (S_ISREG (status.st_mode) && status.st_size > 0 && status.st_size <= LARGEST) {
            samples = realloc (samples, (size_t) (sample_count + 1) * sizeof *samples);
            samples[sample_count++] = strdup (path);
        }
    }
    if (dir)
        closedir (dir);
}

static void
set_up (void)
{
    static const char *const settings[] = { "core.threads=1", "limits.header_bytes=8MiB",
                                            "limits.inflated_bytes=8MiB", "limits.memory=1MiB", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    tenon_error error = TENON_ERROR_INIT;
    ck_assert_msg (tenon_context_new (&context, &options, &error) == TENON_OK, "%s", error.message);
}

static void
tear_down (void)
{
    tenon_context_free (context);
}

/* Loads all tensors in one call, as applications do; verifying reads them piece by piece. */
static void
load_all (tenon_file *file)
{
    tenon_file_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    if (info.nbytes > MOST_READ || info.tensors > 1000)
        return;
    tenon_request *requests = calloc (info.tensors + 1, sizeof *requests);
    tenon_memory *memory;
    tenon_error error = TENON_ERROR_INIT;
    uint64_t count = 0;
    for (uint64_t i = 0; i < info.tensors; i++) {
        tenon_tensor_info tensor = { .struct_size = sizeof tensor };
        ck_assert_int_eq (tenon_get (file, i, &tensor), TENON_OK);
        if (tensor.unreadable == TENON_OK)
            requests[count++] = (tenon_request){ .struct_size = sizeof *requests, .index = i };
    }
    ck_assert_uint_eq (count, info.tensors - info.unreadable);
    tenon_status status = tenon_load (file, requests, count, &memory, NULL, &error);
    ck_assert_int_eq (status, error.status);
    ck_assert (status == TENON_OK || (error.message[0] && !memory));
    tenon_memory_free (memory);
    free (requests);
}

/* Reading the tensor fails as it says. */
static void
check_unreadable (tenon_file *file, uint64_t index, const tenon_tensor_info *info)
{
    tenon_request request = { .struct_size = sizeof request, .index = index };
    tenon_memory *memory;
    tenon_error error = TENON_ERROR_INIT;
    ck_assert (info->why && info->why[0]);
    ck_assert_int_eq (tenon_load (file, &request, 1, &memory, NULL, &error), info->unreadable);
    ck_assert (strstr (error.message, info->why) || strlen (error.message) == sizeof error.message - 1);
}

/* Reads everything in an open file of `size` bytes. */
static void
read_all (tenon_file *file, uint64_t size)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status = tenon_verify (file, NULL, NULL, &error);
    ck_assert_int_eq (status, error.status);
    load_all (file);
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info info = { .struct_size = sizeof info };
        ck_assert_int_eq (tenon_get (file, i, &info), TENON_OK);
        ck_assert (info.unreadable == TENON_OK || status < 0);
        if (info.unreadable < 0)
            check_unreadable (file, i, &info);
        else
            ck_assert (info.storage || info.filter || info.offset + info.stored <= size);
    }
}

/* Returns 1 if the file opened. A refusal must have a status and a whole message. */
static int
try_bytes (const char *name, const unsigned char *bytes, uint64_t size)
{
    tenon_open_options options = { .struct_size = sizeof options, .name = name };
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file;
    unsigned char *copy = malloc (size + !size);
    memcpy (copy, bytes, size);
    tenon_status status = tenon_open_memory (context, copy, size, &options, &file, &error);
    ck_assert_int_eq (status, error.status);
    if (status < 0)
        ck_assert (error.message[0] && !file);
    else
        read_all (file, size);
    tenon_close (file);
    free (copy);
    return error.status == TENON_OK;
}

static uint64_t
read_sample (const char *path, unsigned char *bytes)
{
    FILE *in = fopen (path, "rb");
    ck_assert_ptr_nonnull (in);
    uint64_t size = fread (bytes, 1, LARGEST, in);
    fclose (in);
    return size;
}

static void *
cut_bytes (void *user)
{
    unsigned char bytes[LARGEST];
    uint64_t size = read_sample (samples[*(int *) user], bytes);
    for (uint64_t length = 0; length < size; length++)
        try_bytes (samples[*(int *) user], bytes, length);
    return NULL;
}

START_TEST (cut_at_every_byte)
{
    on_small_stack (cut_bytes, &_i);
}
END_TEST

static void *
change_bytes (void *user)
{
    static const unsigned char changes[] = { 0x01, 0x80, 0xff, 0x20 };
    unsigned char bytes[LARGEST];
    uint64_t size = read_sample (samples[*(int *) user], bytes);
    for (uint64_t at = 0; at < size; at++)
        for (unsigned i = 0; i < sizeof changes; i++) {
            bytes[at] ^= changes[i];
            try_bytes (samples[*(int *) user], bytes, size);
            bytes[at] ^= changes[i];
        }
    return NULL;
}

START_TEST (every_byte_changed)
{
    on_small_stack (change_bytes, &_i);
}
END_TEST

/* ---- sets ---- */

/* A copy of a set in a folder of its own. */
struct set {
    char folder[64], head[128];
};

static void
write_file (const struct set *set, const char *name, const unsigned char *bytes, uint64_t size)
{
    char path[512];
    ck_assert_int_lt (snprintf (path, sizeof path, "%s/%s", set->folder, name), (int) sizeof path);
    FILE *out = fopen (path, "wb");
    ck_assert_ptr_nonnull (out);
    ck_assert_uint_eq (fwrite (bytes, 1, size, out), size);
    fclose (out);
}

static const char *
name_of (const char *path)
{
    return strrchr (path, '/') + 1;
}

/* 1: the sample lies in the folder `set` that ends at `folder` bytes of its path. */
static int
in_folder (const char *sample, const char *path, size_t folder)
{
    return strncmp (sample, path, folder) == 0 && strchr (sample + folder, '/') == NULL;
}

/* The folder of samples[number] in a copy. The index is called .json, or is the first one by name. */
static void
copy_set (struct set *set, int number)
{
    const char *path = samples[number];
    size_t folder = (size_t) (name_of (path) - path);
    unsigned char bytes[LARGEST];
    strcpy (set->folder, "/tmp/tenon-sweep.XXXXXX");
    set->head[0] = 0;
    ck_assert_ptr_nonnull (mkdtemp (set->folder));
    for (int i = 0; i < sample_count; i++) {
        if (!in_folder (samples[i], path, folder))
            continue;
        const char *name = name_of (samples[i]);
        write_file (set, name, bytes, read_sample (samples[i], bytes));
        if (!set->head[0] || strstr (name, ".json")
            || (!strstr (set->head, ".json") && strcmp (name, name_of (set->head)) < 0))
            snprintf (set->head, sizeof set->head, "%s/%s", set->folder, name);
    }
}

static void
remove_set (const struct set *set)
{
    char path[512];
    DIR *dir = opendir (set->folder);
    struct dirent *entry;
    while (dir && (entry = readdir (dir)))
        if (snprintf (path, sizeof path, "%s/%s", set->folder, entry->d_name) < (int) sizeof path)
            unlink (path);
    if (dir)
        closedir (dir);
    rmdir (set->folder);
}

static int
try_set (const struct set *set)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file;
    tenon_status status = tenon_open (context, set->head, NULL, &file, &error);
    ck_assert_int_eq (status, error.status);
    if (status < 0)
        ck_assert (error.message[0] && !file);
    else
        read_all (file, UINT64_MAX);
    tenon_close (file);
    return status == TENON_OK;
}

static void *
damage_set (void *user)
{
    static const unsigned char changes[] = { 0x01, 0x80, 0xff, 0x20 };
    const char *path = samples[*(int *) user], *name = name_of (path);
    unsigned char bytes[LARGEST];
    struct set set;
    if (name - path < 5 || memcmp (name - 5, "/set/", 5) != 0)
        return NULL;
    copy_set (&set, *(int *) user);
    ck_assert_msg (try_set (&set), "%s does not open", set.head);
    uint64_t size = read_sample (path, bytes);
    for (uint64_t length = 0; length < size; length++) {
        write_file (&set, name, bytes, length);
        try_set (&set);
    }
    for (uint64_t at = 0; at < size; at++)
        for (unsigned i = 0; i < sizeof changes; i++) {
            bytes[at] ^= changes[i];
            write_file (&set, name, bytes, size);
            try_set (&set);
            bytes[at] ^= changes[i];
        }
    remove_set (&set);
    return NULL;
}

START_TEST (file_of_a_set)
{
    on_small_stack (damage_set, &_i);
}
END_TEST

static void *
open_samples (void *user)
{
    (void) user;
    ck_assert_msg (sample_count >= 20, "only %d samples were found", sample_count);
    ck_assert (tenon_codec_count (context) > 0);
    unsigned char bytes[LARGEST];
    int opened = 0;
    for (int i = 0; i < sample_count; i++)
        opened += try_bytes (samples[i], bytes, read_sample (samples[i], bytes));
    ck_assert_msg (opened >= 20, "only %d of %d samples open", opened, sample_count);
    struct rusage usage; /* kilobytes, with the memory of sanitizers */
    getrusage (RUSAGE_SELF, &usage);
    ck_assert_int_lt (usage.ru_maxrss, 1 << 20);
    return NULL;
}

START_TEST (samples_are_there)
{
    on_small_stack (open_samples, NULL);
}
END_TEST

int
main (void)
{
    char folder[4096];
    const char *srcdir = getenv ("TENON_SRCDIR");
    snprintf (folder, sizeof folder, "%s/plugins", srcdir ? srcdir : ".");
    DIR *dir = opendir (folder);
    struct dirent *entry;
    while (dir && (entry = readdir (dir))) {
        char path[8192];
        snprintf (path, sizeof path, "%s/%s/samples", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            collect_seeds (path);
    }
    if (dir)
        closedir (dir);
    Suite *suite = suite_create ("sweep");
    TCase *tests = tcase_create ("sweep");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_set_timeout (tests, 120);
    tcase_add_test (tests, samples_are_there);
    tcase_add_loop_test (tests, cut_at_every_byte, 0, sample_count);
    tcase_add_loop_test (tests, every_byte_changed, 0, sample_count);
    tcase_add_loop_test (tests, file_of_a_set, 0, sample_count);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
