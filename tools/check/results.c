/* SPDX-License-Identifier: MIT */
/* results.c - how the results of the steps are shown. */
#include "results.h"
#include "memory.h"
#include "output.h"
#include "report.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"

const char *
result_word (const struct check_result *result)
{
    if (result_faults (result) > 0)
        return "FAILED";
    if (result->finding_count > 0)
        return "warning";
    return result->counted == 0 ? "left out" : "ok";
}

void
sums_add (struct check_sums *sums, const struct check_result *result)
{
    uint64_t faults = result_faults (result);
    sums->steps++;
    sums->counted += result->counted;
    sums->faults += faults;
    sums->warnings += result->finding_count - faults;
    sums->seconds += result->seconds;
}

static void
print_message (const char *text)
{
    CLEAN (text) char *printed = shown_as (text, strlen (text), TEXT_MESSAGE);
    fputs (printed, stdout);
}

static void
print_finding (const struct check_finding *finding)
{
    const struct check_rule_text *rule = &check_rules[finding->rule];
    printf ("    %s%s%s ", colour_on (rule->fault ? COLOUR_BAD : COLOUR_TITLE),
            rule->fault ? "fault:" : "warning:", colour_off (rule->fault ? COLOUR_BAD : COLOUR_TITLE));
    if (finding->subject[0]) {
        print_message (finding->subject);
        fputs (": ", stdout);
    }
    print_message (finding->message);
    putchar ('\n');
}

/* Prints the findings from `begin` on that break the same rule, and the rule below them. Returns their
 * number. */
static size_t
print_group (const struct check_result *result, size_t begin)
{
    const struct check_rule_text *rule = &check_rules[result->findings[begin].rule];
    size_t count = 0;
    for (; begin + count < result->finding_count
           && result->findings[begin + count].rule == result->findings[begin].rule;
         count++)
        if (count < MOST_NOTES || tool.verbose)
            print_finding (&result->findings[begin + count]);
    if (count > MOST_NOTES && !tool.verbose)
        printf ("    and %zu more (-v prints them)\n", count - MOST_NOTES);
    printf ("        %srule %s: %s; see %s%s\n", colour_on (COLOUR_FAINT), rule->word, rule->sentence,
            rule->place, colour_off (COLOUR_FAINT));
    return count;
}

/* With --verbose. */
static void
print_sample (const struct check_sample *sample)
{
    fputs ("    ", stdout);
    print_message (sample->name);
    output_shown (": %s", sample->codec);
    putchar ('\n');
}

void
result_print (const struct check_result *result)
{
    const char *word = result_word (result);
    enum colour colour = strcmp (word, "ok") == 0       ? COLOUR_GOOD
                         : strcmp (word, "FAILED") == 0 ? COLOUR_BAD
                                                        : COLOUR_TITLE;
    printf ("%-10s %s%-9s%s %s", result->step->name, colour_on (colour), word, colour_off (colour),
            result->step->summary);
    if (result->counted > 0)
        printf (" (%llu check%s, %.1f s)", (unsigned long long) result->counted,
                result->counted == 1 ? "" : "s", result->seconds);
    putchar ('\n');
    for (size_t i = 0; i < result->sample_count && tool.verbose; i++)
        print_sample (&result->samples[i]);
    for (size_t i = 0; i < result->finding_count;)
        i += print_group (result, i);
    for (size_t i = 0; i < result->left_out_count; i++) {
        fputs ("    left out: ", stdout);
        print_message (result->left_out[i]);
        putchar ('\n');
    }
    fflush (stdout);
}

static void
print_count (uint64_t count, const char *one)
{
    printf ("%llu %s%s", (unsigned long long) count, one, count == 1 ? "" : "s");
}

void
sums_print (const struct check *check, const struct check_sums *sums)
{
    output_shown ("%s: ", check->plugin);
    print_count (sums->steps, "step");
    fputs (", ", stdout);
    print_count (sums->counted, "check");
    fputs (", ", stdout);
    print_count (sums->faults, "fault");
    fputs (", ", stdout);
    print_count (sums->warnings, "warning");
    printf (" in %.1f s\n", sums->seconds);
}

static json_object *
finding_json (const struct check_finding *finding)
{
    const struct check_rule_text *rule = &check_rules[finding->rule];
    json_object *object = json_new ();
    json_add_text (object, "rule", rule->word);
    json_add_text (object, "severity", rule->fault ? "fault" : "warning");
    json_add (object, "subject", json_text (finding->subject, strlen (finding->subject)));
    json_add (object, "message", json_text (finding->message, strlen (finding->message)));
    json_add_text (object, "sentence", rule->sentence);
    json_add_text (object, "place", rule->place);
    return object;
}

json_object *
result_json (const struct check_result *result)
{
    json_object *object = json_new (), *findings = json_array (), *left_out = json_array ();
    json_add_text (object, "name", result->step->name);
    json_add_text (object, "summary", result->step->summary);
    json_add_text (object, "result", result_word (result));
    json_add_size (object, "checks", result->counted);
    json_add (object, "seconds", json_number (result->seconds));
    for (size_t i = 0; i < result->finding_count; i++)
        json_append (findings, finding_json (&result->findings[i]));
    json_add (object, "findings", findings);
    for (size_t i = 0; i < result->left_out_count; i++)
        json_append (left_out, json_text (result->left_out[i], strlen (result->left_out[i])));
    json_add (object, "left_out", left_out);
    return object;
}

json_object *
samples_json (const struct check_result *result)
{
    json_object *samples = json_array ();
    for (size_t i = 0; i < result->sample_count; i++) {
        const struct check_sample *sample = &result->samples[i];
        json_object *object = json_new ();
        json_add (object, "name", json_text (sample->name, strlen (sample->name)));
        json_add_text (object, "codec", sample->codec);
        json_add_flag (object, "made", sample->made);
        json_add_flag (object, "folder", sample->folder);
        json_append (samples, object);
    }
    return samples;
}

/* ---- --list ---- */

void
steps_print (void)
{
    printf ("%ssteps%s\n", colour_on (COLOUR_TITLE), colour_off (COLOUR_TITLE));
    for (size_t i = 0; check_steps[i]; i++)
        printf ("  %-18s %s\n", check_steps[i]->name, check_steps[i]->summary);
    printf ("%srules%s\n", colour_on (COLOUR_TITLE), colour_off (COLOUR_TITLE));
    for (size_t i = 0; i < RULE_COUNT; i++)
        printf ("  %-18s %s%s; see %s\n", check_rules[i].word, check_rules[i].fault ? "" : "(warning) ",
                check_rules[i].sentence, check_rules[i].place);
}

json_object *
steps_json (void)
{
    json_object *object = json_new (), *steps = json_array (), *rules = json_array ();
    for (size_t i = 0; check_steps[i]; i++) {
        json_object *step = json_new ();
        json_add_text (step, "name", check_steps[i]->name);
        json_add_text (step, "summary", check_steps[i]->summary);
        json_append (steps, step);
    }
    for (size_t i = 0; i < RULE_COUNT; i++) {
        json_object *rule = json_new ();
        json_add_text (rule, "rule", check_rules[i].word);
        json_add_text (rule, "severity", check_rules[i].fault ? "fault" : "warning");
        json_add_text (rule, "sentence", check_rules[i].sentence);
        json_add_text (rule, "place", check_rules[i].place);
        json_append (rules, rule);
    }
    json_add (object, "steps", steps);
    json_add (object, "rules", rules);
    return object;
}
