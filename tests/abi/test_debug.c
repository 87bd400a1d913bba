/* SPDX-License-Identifier: MIT */
/* test_debug.c - TENON_DEBUG=abi: the host says which rule of threads and functions a plugin broke. */
#include "codec/services.h"
#include "kit.h"

/* A context that reads the environment. */
static void
debug_context (const char *debug, const char *plugins)
{
    tenon_context_options options;
    char copy[200];
    strcpy (copy, plugins);
    for (char *name = strtok (copy, " "); name; name = strtok (NULL, " "))
        kit_copy (name, name);
    KIT_INIT (options);
    options.flags = TENON_CONTEXT_NO_FILES;
    if (getenv ("KIT_ISOLATE"))
        options.flags |= TENON_CONTEXT_ISOLATE;
    options.plugin_path = kit_path ("plugins");
    unsetenv ("TENON_PLUGIN_PATH");
    if (debug)
        setenv ("TENON_DEBUG", debug, 1);
    else
        unsetenv ("TENON_DEBUG");
    tenon_context_free (kit);
    kit = NULL;
    ck_assert_msg (tenon_context_new (&kit, &options, &kit_error) == TENON_OK, "%s", kit_error.message);
    uint8_t bytes[64];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) i;
    kit_save ("file", bytes, sizeof bytes);
}

#define BROKEN "TENON_DEBUG=abi: plugin badrules, codec "

/* ---- when a file is opened ---- */

static const struct {
    const char *codec, *words;
} opening[] = {
    { "tells_while_describing",
      BROKEN "tells_while_describing: it called tell from describe; it may be used from write" },
    { "includes_inner",
      BROKEN "includes_inner: it called add_tensor with the call of its describe, while describe of "
             "the codec inner_uses_outer runs" },
    { "other_thread", BROKEN "other_thread: it called note on another thread than that of describe" },
};

START_TEST (test_opening)
{
    const char *codec = opening[_i].codec;
    if (getenv ("KIT_ISOLATE") && strcmp (codec, "other_thread") == 0)
        return; /* an isolated process cannot begin a thread */
    debug_context ("abi", "badrules");
    kit_open_fails ("file", codec, NULL, TENON_E_MISUSE, opening[_i].words);
}
END_TEST

/* ---- when a tensor is read ---- */

static const struct {
    const char *codec, *words;
} reading[] = {
    { "keeps_call", BROKEN "keeps_call: it called read_at with a call that has ended, that of describe" },
    { "keeps_memory",
      BROKEN "keeps_memory: it called read_at from read with memory of a call that has ended" },
    { "describes", BROKEN "describes: it called add_tensor from read; it may be used from describe" },
};

START_TEST (test_reading)
{
    debug_context ("abi", "badrules");
    tenon_file *file = kit_open ("file", reading[_i].codec, NULL);
    kit_data_fails (file, "x", "", TENON_E_MISUSE, reading[_i].words);
    tenon_close (file);
}
END_TEST

/* Memory of a call that has ended does not have its bytes any more. */
START_TEST (test_spoiled)
{
    debug_context ("abi", "badrules");
    tenon_file *file = kit_open ("file", "keeps_view", NULL);
    kit_data (file, "x", "", "\xd5\xd5\xd5\xd5", 4);
    tenon_close (file);
}
END_TEST

/* A thread that calls when nothing runs: the next run tells it. */
START_TEST (test_late)
{
    if (getenv ("KIT_ISOLATE"))
        return;
    debug_context ("abi", "badrules");
    tenon_file *file = kit_open ("file", "late", NULL);
    kit_data_fails (file, "x", "", TENON_E_MISUSE,
                    BROKEN "late: it called note with a call that has ended, that of describe");
    tenon_close (file);
}
END_TEST

/* ---- probes and writing ---- */

START_TEST (test_probing)
{
    debug_context ("abi", "badrules");
    kit_open_fails ("file", NULL, NULL, TENON_E_MISUSE,
                    BROKEN "probes: it called add_tensor from probe; it may be used from describe");
}
END_TEST

START_TEST (test_writing)
{
    debug_context ("abi", "badrules");
    tenon_plan *plan = kit_plan ();
    kit_failed (kit_write (plan, "g", "describes_while_writing", NULL, NULL), TENON_E_MISUSE,
                BROKEN "describes_while_writing: it called expect from write; it may be used from describe");
    tenon_plan_free (plan);
}
END_TEST

/* ---- what is right, and without the switch ---- */

START_TEST (test_right)
{
    static const char *const words[] = { "abi", "other,abi", NULL, "", "ab", "abix", "x" };
    debug_context (words[_i], "badrules toyraw toybox toytext toyxor");
    tenon_file *file = kit_open ("file", "does_right", NULL);
    kit_data (file, "x", "", "\0\1\2\3", 4);
    tenon_close (file);
    tenon_plan *plan = kit_plan ();
    ck_assert_msg (kit_write (plan, "g", "toybox", "toybox.filter=toyxor", NULL) == TENON_OK, "%s",
                   kit_error.message);
    tenon_plan_free (plan);
    file = kit_open ("g", NULL, NULL);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    tenon_close (file);
    kit_open_fails ("file", "tells_while_describing", NULL, TENON_E_MISUSE,
                    _i < 2 ? "TENON_DEBUG=abi" : "it called tell from describe; it may be used from write");
    if (_i < 2 || getenv ("KIT_ISOLATE"))
        return;
    tenon_close (kit_open ("file", "other_thread", NULL)); /* which nothing notices */
}
END_TEST

/* The call of an archive's codec and that of the keyed codec run in turn: the members are located while the
 * keyed codec describes. */
START_TEST (test_archive)
{
    static const char pack[] = "TOYPACK\n"
                               "KEY:\x10\1a"
                               "\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\x07\x4c\x69\x30"
                               "AB"
                               "KEY:\x10\ntree.index"
                               "\x10\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\xe1\xa3\x3f\xf6"
                               "tensor x u8 a 2\n"
                               "END:";
    debug_context ("abi", "pack tree");
    kit_save ("x.pack", pack, sizeof pack - 1);
    tenon_file *file = kit_open ("x.pack", NULL, NULL);
    kit_data (file, "x", "", "AB", 2);
    tenon_close (file);
}
END_TEST

/* ---- services without memory ---- */

/* does_right adds a tensor, the only service that needs memory: the first one fails, a second one never
 * comes. Without "abi", and with a word that is no number, none fails. */
START_TEST (test_no_memory)
{
    static const struct {
        const char *debug;
        tenon_status status;
    } cases[] = {
        { "abi,fail=1", TENON_E_MEMORY }, { "fail=1,abi", TENON_E_MEMORY }, { "abi,fail=100", TENON_OK },
        { "abi,fail=0", TENON_OK },       { "abi,fail=x", TENON_OK },       { "fail=1", TENON_OK },
        { "abi,fails=1", TENON_OK },
    };
    debug_context (cases[_i].debug, "badrules");
    tenon_file *file = NULL;
    tenon_open_options options;
    KIT_INIT (options);
    options.format = "does_right";
    ck_assert_int_eq (tenon_open (kit, kit_path ("file"), &options, &file, &kit_error), cases[_i].status);
    tenon_close (file);
}
END_TEST

/* It fails once: the file can be opened again. */
START_TEST (test_no_memory_once)
{
    debug_context ("abi,fail=1", "badrules");
    kit_open_fails ("file", "does_right", NULL, TENON_E_MEMORY, "");
    tenon_file *file = kit_open ("file", "does_right", NULL);
    kit_data (file, "x", "", "\0\1\2\3", 4);
    tenon_close (file);
}
END_TEST

/* ---- the manual ---- */

static uint32_t
rule_of (const char *service, unsigned *row)
{
    for (unsigned i = 0; i < TN_SERVICE_COUNT; i++)
        if (strcmp (tn_rules[i].service, service) == 0) {
            *row = i;
            return tn_rules[i].from;
        }
    ck_abort_msg ("the manual has a service %s, the host has none", service);
    return 0;
}

/* The functions of the two tables, in the order of their columns. */
static const enum tn_state columns[2][7] = {
    { TN_CALL_PROBE, TN_CALL_DESCRIBE, TN_CALL_READ, TN_CALL_CHUNK, TN_CALL_WRITE },
    { TN_CALL_LIST, TN_CALL_LOCATE, TN_CALL_BEGIN, TN_CALL_DROP, TN_CALL_BEGIN_ENTRY, TN_CALL_END_ENTRY,
      TN_CALL_FINISH },
};
static const uint32_t all_columns[2] = { TN_FROM_PROBE | TN_FROM_DESCRIBE | TN_FROM_READ | TN_FROM_CHUNK
                                             | TN_FROM_WRITE,
                                         TN_FROM_PARTS | TN_FROM_ENTRIES };

/* Checks a row, and counts it. */
static void
check_row (const char *line, const char *service, char answers[7][8], int count,
           unsigned seen[2][TN_SERVICE_COUNT])
{
    unsigned row = 0;
    int table = count == 7; /* the first one has five functions, and how long results live */
    uint32_t from = 0, rule = rule_of (service, &row);
    for (int i = 0; i < (table ? 7 : 5); i++) {
        ck_assert_msg (!strcmp (answers[i], "yes") || !strcmp (answers[i], "\\-"), "%s", line);
        from |= strcmp (answers[i], "yes") == 0 ? 1u << columns[table][i] : 0;
    }
    ck_assert_msg (from == (rule & all_columns[table]), "%s", line);
    ck_assert_uint_eq (seen[table][row]++, 0);
}

/* tenon-plugin(3) has one row for each service in its table of functions, and one in that of an archive's for
 * each that not every function may call, but some of these. What it says is what is checked. */
START_TEST (test_manual)
{
    char path[1024], line[1024], service[64], a[7][8];
    unsigned seen[2][TN_SERVICE_COUNT] = { { 0 } };
    const char *source = getenv ("TENON_SRCDIR");
    snprintf (path, sizeof path, "%s/docs/tenon-plugin.3", source ? source : "..");
    FILE *page = fopen (path, "r");
    ck_assert_msg (page != NULL, "%s", path);
    while (fgets (line, sizeof line, page)) {
        int count = sscanf (line, ".It Fn %63s Ta %7s Ta %7s Ta %7s Ta %7s Ta %7s Ta %7s Ta %7s", service,
                            a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
        if (count >= 6)
            check_row (line, service, a, count - 1, seen);
    }
    fclose (page);
    for (unsigned i = 0; i < TN_SERVICE_COUNT; i++) {
        bool of_archive = (tn_rules[i].from & all_columns[1]) && tn_rules[i].from != TN_FROM_EVERY;
        ck_assert_msg (seen[0][i] == 1 && seen[1][i] == of_archive, "%s", tn_rules[i].service);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *test = kit_case (suite, "debug");
    tcase_add_loop_test (test, test_opening, 0, (int) (sizeof opening / sizeof opening[0]));
    tcase_add_loop_test (test, test_reading, 0, (int) (sizeof reading / sizeof reading[0]));
    tcase_add_test (test, test_spoiled);
    tcase_add_test (test, test_late);
    tcase_add_test (test, test_probing);
    tcase_add_test (test, test_writing);
    tcase_add_loop_test (test, test_right, 0, 7);
    tcase_add_test (test, test_archive);
    tcase_add_loop_test (test, test_no_memory, 0, 7);
    if (!getenv ("KIT_ISOLATE")) /* each isolated process counts by itself */
        tcase_add_test (test, test_no_memory_once);
    tcase_add_test (test, test_manual);
}

int
main (void)
{
    return kit_main ("debug", fill_suite);
}
