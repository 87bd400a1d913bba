/* SPDX-License-Identifier: MIT */
/* kit.c - shared by the ABI tests. */
#include "kit.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

tenon_context *kit;
tenon_error kit_error;
static char folder[64];

/* ---- the test's folder ---- */

void
kit_setup (void)
{
    static const tenon_error fresh = TENON_ERROR_INIT;
    strcpy (folder, "/tmp/tenon-abi-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (folder));
    ck_assert_int_eq (mkdir (kit_path ("plugins"), 0755), 0);
    kit = NULL;
    kit_error = fresh;
}

static void
empty_folder (const char *path)
{
    DIR *list = opendir (path);
    char item[1024];
    for (const struct dirent *entry; list && (entry = readdir (list)) != NULL;) {
        if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
            continue;
        snprintf (item, sizeof item, "%s/%s", path, entry->d_name);
        if (unlink (item) < 0) {
            empty_folder (item);
            rmdir (item);
        }
    }
    if (list)
        closedir (list);
}

void
kit_teardown (void)
{
    tenon_context_free (kit);
    kit = NULL;
    empty_folder (folder);
    rmdir (folder);
}

const char *
kit_path (const char *name)
{
    static char paths[16][512];
    static unsigned next;
    char *path = paths[next++ % 16];
    snprintf (path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void
kit_save (const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen (kit_path (name), "wb");
    ck_assert_msg (file != NULL, "%s: %s", name, strerror (errno));
    ck_assert_uint_eq (size ? fwrite (bytes, 1, size, file) : 0, size);
    ck_assert_int_eq (fclose (file), 0);
}

static uint8_t *
load_path (const char *path, size_t *size)
{
    struct stat status;
    FILE *file = fopen (path, "rb");
    ck_assert_msg (file && fstat (fileno (file), &status) == 0, "%s: %s", path, strerror (errno));
    uint8_t *bytes = (uint8_t *) malloc ((size_t) status.st_size + 1);
    ck_assert_ptr_nonnull (bytes);
    *size = fread (bytes, 1, (size_t) status.st_size, file);
    ck_assert_uint_eq (*size, (size_t) status.st_size);
    fclose (file);
    bytes[*size] = 0;
    return bytes;
}

const uint8_t *
kit_load (const char *name, size_t *size)
{
    static uint8_t *last; /* keeps the block reachable for leak checkers */
    free (last);
    return last = load_path (kit_path (name), size);
}

int
kit_exists (const char *name)
{
    return access (kit_path (name), F_OK) == 0;
}

unsigned
kit_count_files (void)
{
    unsigned count = 0;
    DIR *list = opendir (folder);
    ck_assert_ptr_nonnull (list);
    for (const struct dirent *entry; (entry = readdir (list)) != NULL;)
        count += strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0
                 && strcmp (entry->d_name, "plugins") != 0;
    closedir (list);
    return count;
}

/* ---- contexts ---- */

void
kit_copy (const char *plugin, const char *name)
{
    const char *built = getenv ("TENON_TEST_PLUGINS");
    char from[1024], to[256];
    size_t size;
    snprintf (from, sizeof from, "%s/%s.so", built ? built : "tests/abi/plugins/.libs", plugin);
    snprintf (to, sizeof to, "plugins/%s.so", name);
    uint8_t *bytes = load_path (from, &size);
    kit_save (to, bytes, size);
    free (bytes);
    ck_assert_int_eq (chmod (kit_path (to), 0755), 0);
}

void
kit_copy_zip (void)
{
    char path[1024];
    const char *built = getenv ("TENON_TEST_PLUGINS");
    snprintf (path, sizeof path, "%s/../../../../plugins/.libs/zip.so",
              built ? built : "tests/abi/plugins/.libs");
    if (access (path, R_OK) == 0)
        kit_copy ("../../../../plugins/.libs/zip", "zip");
}

/* The words of a text, NULL-terminated. They live as long as the test. */
static const char *const *
words_of (const char *text)
{
    static char copies[4][2048];
    static const char *lists[4][32];
    static unsigned next;
    unsigned slot = next++ % 4, count = 0;
    ck_assert_uint_lt (strlen (text), sizeof copies[0]);
    strcpy (copies[slot], text);
    for (char *word = strtok (copies[slot], " "); word; word = strtok (NULL, " ")) {
        ck_assert_uint_lt (count, 31);
        lists[slot][count++] = word;
    }
    lists[slot][count] = NULL;
    return lists[slot];
}

tenon_status
kit_context (const char *settings)
{
    tenon_context_options options;
    KIT_INIT (options);
    options.flags = TENON_CONTEXT_NO_FILES;
    if (!getenv ("TENON_DEBUG")) /* which is of the environment, and so would not count */
        options.flags |= TENON_CONTEXT_NO_ENVIRONMENT;
    if (getenv ("KIT_ISOLATE"))
        options.flags |= TENON_CONTEXT_ISOLATE;
    options.plugin_path = kit_path ("plugins");
    options.settings = settings ? words_of (settings) : NULL;
    tenon_context_free (kit);
    return tenon_context_new (&kit, &options, &kit_error);
}

void
kit_plugins (const char *plugins, const char *settings)
{
    for (const char *const *name = words_of (plugins); *name; name++)
        kit_copy (*name, *name);
    tenon_status status = kit_context (settings);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    for (const char *const *name = words_of (plugins); *name; name++) {
        const tenon_report_entry *verdict = kit_verdict (*name);
        ck_assert_msg (verdict && verdict->chosen, "%s: %s", *name,
                       verdict ? verdict->message : "no verdict");
    }
}

const tenon_report_entry *
kit_verdict (const char *plugin)
{
    static tenon_report_entry entry;
    const tenon_report *report = tenon_context_report (kit);
    KIT_INIT (entry);
    for (uint64_t i = 0; i < tenon_report_count (report); i++)
        if (tenon_report_get (report, i, &entry) == TENON_OK && entry.kind == TENON_VERDICT
            && strcmp (entry.subject, plugin) == 0)
            return &entry;
    return NULL;
}

/* ---- asking ---- */

/* Sanitizers turn a crash into an exit, or into a call that isolation forbids: only the plugin's name is
 * left. */
static size_t
length_of_words (const char *words)
{
    const char *sanitizers = getenv ("TENON_SANITIZERS"), *crash = strstr (words, " crashed: signal");
    return crash && sanitizers && *sanitizers ? (size_t) (crash - words) : strlen (words);
}

void
kit_said (const char *message, const char *words)
{
    const char *from = message;
    char part[512];
    for (const char *next = words; next;) {
        const char *gap = strstr (next, "…");
        size_t length = gap ? (size_t) (gap - next) : length_of_words (next);
        ck_assert_uint_lt (length, sizeof part);
        memcpy (part, next, length);
        part[length] = 0;
        const char *found = strstr (from, part);
        ck_assert_msg (found != NULL, "'%s' was said, which is not '%s'", message, words);
        from = found + length;
        next = gap ? gap + strlen ("…") : NULL;
    }
}

void
kit_failed (tenon_status status, tenon_status expected, const char *words)
{
    ck_assert_msg (status == expected, "%s was expected with '%s', it is %s: %s",
                   tenon_status_name (expected), words, tenon_status_name (status), kit_error.message);
    ck_assert_int_eq (kit_error.status, status);
    kit_said (kit_error.message, words);
}

static tenon_open_options
open_options (const char *format, const char *settings)
{
    tenon_open_options options;
    KIT_INIT (options);
    options.format = format;
    options.settings = settings ? words_of (settings) : NULL;
    return options;
}

tenon_file *
kit_open (const char *name, const char *format, const char *settings)
{
    tenon_open_options options = open_options (format, settings);
    tenon_file *file = NULL;
    tenon_status status = tenon_open (kit, kit_path (name), &options, &file, &kit_error);
    ck_assert_msg (status == TENON_OK && file, "%s: %s", name, kit_error.message);
    return file;
}

void
kit_open_fails (const char *name, const char *format, const char *settings, tenon_status expected,
                const char *words)
{
    tenon_open_options options = open_options (format, settings);
    tenon_file *file = NULL;
    tenon_status status = tenon_open (kit, kit_path (name), &options, &file, &kit_error);
    kit_failed (status, expected, words);
    ck_assert_ptr_null (file);
}

tenon_tensor_info
kit_tensor (tenon_file *file, const char *name)
{
    tenon_tensor_info info;
    uint64_t index = 99;
    KIT_INIT (info);
    ck_assert_msg (tenon_find (file, name, &index) == TENON_OK, "the tensor %s is not there", name);
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    ck_assert_str_eq (info.name, name);
    return info;
}

static tenon_status
read_tensor (tenon_file *file, const char *name, const char *dtype, uint8_t **data, size_t *size)
{
    tenon_request request;
    KIT_INIT (request);
    ck_assert_msg (tenon_find (file, name, &request.index) == TENON_OK, "the tensor %s is not there", name);
    request.dtype = dtype[0] ? tenon_dtype_find (kit, dtype) : TENON_NONE;
    ck_assert (!dtype[0] || request.dtype != TENON_NONE);
    *data = NULL;
    uint64_t needed;
    tenon_status status = tenon_request_size (file, &request, &needed, &kit_error);
    if (status < 0)
        return status;
    *size = (size_t) needed;
    *data = (uint8_t *) malloc (*size + 1);
    request.data = *data;
    request.size = needed;
    return tenon_read (file, &request, 1, NULL, &kit_error);
}

void
kit_data (tenon_file *file, const char *name, const char *dtype, const void *bytes, size_t size)
{
    uint8_t *data;
    size_t found = 0;
    tenon_status status = read_tensor (file, name, dtype, &data, &found);
    ck_assert_msg (status == TENON_OK, "%s: %s", name, kit_error.message);
    kit_same (name, data, found, (const uint8_t *) bytes, size);
    free (data);
}

void
kit_data_fails (tenon_file *file, const char *name, const char *dtype, tenon_status expected,
                const char *words)
{
    uint8_t *data;
    size_t found = 0;
    tenon_status status = read_tensor (file, name, dtype, &data, &found);
    free (data);
    kit_failed (status, expected, words);
}

void
kit_is_shaped (tenon_file *file, const char *name, const char *dtype, unsigned rank, const uint64_t *shape)
{
    tenon_tensor_info info = kit_tensor (file, name);
    if (dtype)
        ck_assert_str_eq (info.dtype_name, dtype);
    ck_assert_uint_eq (info.rank, rank);
    for (unsigned i = 0; i < rank; i++)
        ck_assert_uint_eq (info.shape[i], shape[i]);
}

struct tenon_value
kit_value (tenon_file *file, const char *key)
{
    tenon_metadata_info info;
    uint64_t index = 99;
    KIT_INIT (info);
    ck_assert_msg (tenon_metadata_find (file, key, &index) == TENON_OK, "the key %s is not there", key);
    ck_assert_int_eq (tenon_metadata_get (file, index, &info), TENON_OK);
    ck_assert_str_eq (info.key, key);
    ck_assert_uint_eq (info.key_length, strlen (key));
    return info.value;
}

int
kit_reported (const tenon_report *report, uint32_t kind, const char *words)
{
    tenon_report_entry entry;
    KIT_INIT (entry);
    for (uint64_t i = 0; i < tenon_report_count (report); i++)
        if (tenon_report_get (report, i, &entry) == TENON_OK && entry.kind == kind
            && strstr (entry.message, words))
            return 1;
    return 0;
}

/* ---- saving ---- */

void
kit_add (tenon_plan *plan, const char *name, const char *dtype, uint32_t flags, unsigned rank,
         const uint64_t *shape, const void *data, size_t size)
{
    tenon_array array;
    KIT_INIT (array);
    array.name = name;
    array.dtype = tenon_dtype_find (kit, dtype);
    array.flags = flags;
    array.rank = rank;
    array.shape = shape;
    array.data = data;
    array.size = size;
    ck_assert_uint_ne (array.dtype, TENON_NONE);
    tenon_status status = tenon_plan_add (plan, &array, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s: %s", name, kit_error.message);
}

tenon_plan *
kit_plan (void)
{
    static const uint8_t data[4] = { 1, 2, 3, 4 };
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_add (plan, "x", "u8", 0, 1, KIT_SHAPE (4), data, sizeof data);
    return plan;
}

tenon_status
kit_write (tenon_plan *plan, const char *name, const char *format, const char *settings,
           tenon_report **report)
{
    tenon_save_options options;
    KIT_INIT (options);
    options.flags = TENON_SAVE_EXACT_NAME;
    options.format = format;
    options.settings = settings ? words_of (settings) : NULL;
    return tenon_save (plan, kit_path (name), &options, report, NULL, &kit_error);
}

tenon_plan *
kit_empty_plan (const char *plugins)
{
    tenon_plan *plan;
    kit_plugins (plugins, NULL);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    return plan;
}

tenon_plan *
kit_plan_of (tenon_file *file)
{
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &kit_error), TENON_OK);
    return plan;
}

void
kit_set_text (tenon_plan *plan, const char *key, const char *type, const char *text)
{
    tenon_status status = tenon_plan_set_metadata (plan, key, type, text, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

tenon_file *
kit_reopen (tenon_plan *plan)
{
    tenon_status status = kit_write (plan, "f.toyraw", "toyraw", NULL, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    return kit_open ("f.toyraw", NULL, NULL);
}

/* ---- main ---- */

TCase *
kit_case (Suite *suite, const char *name)
{
    TCase *tests = tcase_create (name);
    tcase_add_checked_fixture (tests, kit_setup, kit_teardown);
    tcase_set_timeout (tests, 120);
    suite_add_tcase (suite, tests);
    return tests;
}

int
kit_main (const char *name, void (*fill_suite) (Suite *suite))
{
    Suite *suite = suite_create (name);
    fill_suite (suite);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
