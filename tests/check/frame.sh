#!/bin/sh
# SPDX-License-Identifier: MIT
# frame.sh: tenon check-plugin itself: its arguments, what becomes of a plugin that crashes, hangs, exits or prints, samples,
# its reports, and that nothing of it is left behind. The steps and the rules have tests of their own.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"

mkdir temporary plugins
TMPDIR=$PWD/temporary
export TMPDIR

# A format with a letter that says what is wrong: "TINY", the letter, and bytes, which are the tensor.
cat >tiny.c <<'END'
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <tenon/plugin.h>
#include <unistd.h>

static int counter;

/* The pipe to the command: the one that can be written. */
static int
find_pipe (void)
{
    struct stat status;
    int fd = 3;
    while (fstat (fd, &status) < 0 || !S_ISFIFO (status.st_mode) || (fcntl (fd, F_GETFL) & O_ACCMODE) != O_WRONLY)
        fd++;
    return fd;
}

static void
leave_daemon (void)
{
    FILE *file;
    if (fork () != 0)
        return;
    setsid ();
    if (fork () != 0)
        _exit (0);
    file = fopen (FOLDER "/daemon", "w");
    fprintf (file, "%d\n", (int) getpid ());
    fclose (file);
    for (;;)
        pause ();
}

static void *
sleep_long (void *nothing)
{
    sleep (100);
    return nothing;
}

static void
misbehave (char how)
{
    static const char blanks[65536];
    pthread_t thread;
    switch (how) {
    case 'i': if (write (find_pipe (), "F\0\0\0\1", 5) == 5) for (;;) pause (); break;
    case 'I': for (int i = 0; i < 1000; i++) if (write (find_pipe (), "F\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\x1b[", 18) < 0) break; break;
    case 'D': leave_daemon (); usleep (300000); break;
    case 'l': while (write (1, blanks, sizeof blanks) > 0) {} break;
    case 'c': *(volatile char *) (uintptr_t) (how - 'c') = 0; break;
    case 'h': for (;;) sleep (1);
    case 'e': exit (0);
    case 'E': _exit (3);
    case 'p': printf ("debug: here\n"); break;
    case 'q': fprintf (stderr, "debug: there\n"); break;
    case 't': pthread_create (&thread, NULL, sleep_long, NULL); break;
    case 'f': open ("/dev/null", O_RDONLY); break;
    case 'F': if (fork () == 0) for (;;) pause (); break;
    case 's': signal (SIGUSR1, SIG_IGN); break;
    case 'v': setenv ("TINY", "1", 1); break;
    case 'u': umask (0); break;
    case 'd': if (chdir ("/") < 0) abort (); break;
    case 'r': fesetround (FE_UPWARD); break;
    case 'g': counter++; break;
#ifdef __x86_64__
    case 'z': __builtin_ia32_ldmxcsr (__builtin_ia32_stmxcsr () | 0x8000); break; /* flush to zero */
#endif
    }
}

static tenon_status
describe_tiny (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    char head[5];
    TENON_TRY (call->host->source_info (call, 0, &info));
    TENON_TRY (call->host->read_at (call, 0, 0, head, sizeof head));
    misbehave (head[4]);
    uint64_t size = info.size - sizeof head;
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .name = "data", .name_length = 4, .dtype = TENON_U8,
                                   .rank = 1, .shape = &size, .offset = sizeof head, .length = size };
    return call->host->add_tensor (call, &tensor);
}

static const char *const extensions[] = { "tiny", NULL };
static const struct tenon_magic magic = { .length = 4, .bytes = "TINY" };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec, .id = ID, .label = "A tiny format", .extensions = extensions, .magics = &magic,
    .magic_size = sizeof magic, .magic_count = 1, .describe = describe_tiny,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin, .abi_minor = TENON_ABI_MINOR, .name = NAME, .version = "1.0", .license = "MIT",
    .summary = "files that say what goes wrong", .codecs = codecs,
};

const struct tenon_plugin *
TENON_PLUGIN_SYMBOL (const struct tenon_host *host)
{
    (void) host;
    misbehave (AT_LOADING);
    return &plugin;
}
END
# build NAME LETTER [ID]: the plugin NAME with the codec ID, which misbehaves when it is loaded
build ()
{
    # shellcheck disable=SC2086 # CC may have options
    ${CC:-cc} -O0 -fPIC -shared -fvisibility=hidden -pthread -I"$TENON_SRCDIR/include" -DNAME="\"$1\"" -DAT_LOADING="'$2'" -DID="\"${3:-tiny}\"" \
        -DFOLDER="\"$PWD\"" \
        -o "plugins/$1.so" tiny.c
}
for letter in c h e p q t f F s v u d r g E i I D l z; do
    printf 'TINY%sdata' $letter >$letter.tiny
done
printf 'TINY0data' >good.tiny
printf 'TINI0data' >other.bin
build tiny 0 || finish

# ---- arguments

tenon check-plugin
fails 'no argument' 2 'the file or the name of a plugin'
tenon check-plugin nothing.so
fails 'no such file' 2 'nothing.so: No such file'
tenon check-plugin nothing
fails 'no such plugin' 2 "tenon uses no plugin 'nothing'"
tenon check-plugin ny
says 'the nearest plugin' err "did you mean 'npy'?"
tenon check-plugin plugins/tiny.so missing.tiny
fails 'a sample that is missing' 2 'missing.tiny: No such file'
tenon check-plugin --only sampels plugins/tiny.so
fails 'an unknown step' 2 "there is no step 'sampels', did you mean 'samples'?"
tenon check-plugin --fuzz=x plugins/tiny.so
fails 'no number' 2 '--fuzz=x: seconds are expected'
tenon check-plugin --timeout=0 plugins/tiny.so
fails 'no time' 2 '--timeout=0: seconds are expected'

tenon check-plugin --only samples npy
exits 'a plugin by its name' 0
is 'a plugin by its name: the last line' "$(tail -n 1 out | cut -d, -f1)" 'npy: 2 steps'
tenon check-plugin --only tables deflate
exits 'a plugin that may be built in' 0
tenon check-plugin --list
steps=$(awk '/^rules/ { exit } /^  / { print $1 }' out)
options=$(for step in $steps; do [ "$step" = tables ] || echo "--except $step"; done)
# ---- the list of rules, and the manual page

tenon check-plugin --list
awk 'seen && /^  / { print $1 } /^rules/ { seen = 1 }' out >rules
awk '/^\.Sh RULES/ { seen = 1 } /^\.Sh EXIT/ { seen = 0 } seen && $1 == ".It" && $2 == "Cm" { print $3 }' \
    "$TENON_SRCDIR/docs/tenon-check-plugin.1" >told
is 'the manual page has the rules' "$(cat told)" "$(cat rules)"
tr '\n' ' ' <"$TENON_SRCDIR/docs/tenon-check-plugin.1" >page
awk 'seen && /^  / { $1 = ""; sub (/^ (\(warning\) )?/, ""); sub (/; see .*/, ""); print } /^rules/ { seen = 1 }' out |
    while read -r sentence; do
        grep -qF -- "$sentence" page || echo "$sentence"
    done >missing
is 'the manual page has their sentences' "$(cat missing)" ''
for step in $steps; do
    grep -q "^\.It Cm $step\$" "$TENON_SRCDIR/docs/tenon-check-plugin.1" || echo "$step"
done >missing
is 'the manual page has the steps' "$(cat missing)" ''
# each place is a section of a page
sed -n 's/.*; see tenon-\([a-z]*\)(\([0-9]\)), \(.*\)/\1.\2 \3/p' out | sort -u | while read -r name place; do
    grep -qE "^\.S[hs] $(printf '%s' "$place" | sed 's/[?.*]/\\&/g')\$" "$TENON_SRCDIR/docs/tenon-$name" || echo "$name $place"
done >missing
is 'their places are sections of manual pages' "$(cat missing)" ''

# ---- what goes wrong

if [ -z "${TENON_MODULE_PLUGINS-npy}" ]; then
    skip 'plugins in files: this libtenon loads none'
    finish
fi
tenon check-plugin --only exports plugins/tiny.so good.tiny
says 'only one step, and those that it needs' out 'tiny: 3 steps'
# shellcheck disable=SC2086 # words
tenon check-plugin $options plugins/tiny.so good.tiny
is 'all steps but some' "$(awk '/^[a-z]/ && !/:/ { print $1 }' out | tr '\n' ' ')" 'loads tables samples '

# found RULE WORDS: the report has a finding with these words, of this rule
found ()
{
    says "rule $1" out "$2"
    is "$2: its rule" "$(awk -v words="$2" 'index ($0, words) { seen = 1 } seen && $1 == "rule" { print $2; exit }' out)" "$1:"
}
tenon check-plugin --only samples plugins/tiny.so good.tiny
exits 'nothing wrong' 0
says 'nothing wrong: the report' out 'samples    ok '
silent 'nothing wrong: stderr' err

# each in a process of its own
tenon check-plugin --timeout 1 --only samples plugins/tiny.so c.tiny h.tiny e.tiny E.tiny p.tiny q.tiny good.tiny
exits 'crashes' 1
found no-crash 'opening c.tiny ended the process'
found no-hang 'opening h.tiny took more than 1 seconds'
found no-exit 'opening e.tiny ended the process with status'
found no-exit 'opening E.tiny ended the process with status 3'
found no-output 'opening p.tiny printed "debug: here"'
found no-output 'opening q.tiny printed "debug: there"'
is 'crashes: no other finding' "$(tail -n 1 out | grep -o '[0-9]* faults')" '6 faults'
says 'crashes: all samples were opened' out '(7 checks'

# what the plugin writes into the pipe is no reason to wait for more, nor to print what a terminal takes for a command
tenon check-plugin --timeout 1 --only samples plugins/tiny.so i.tiny I.tiny l.tiny good.tiny
exits 'a plugin that plays the checker' 1
found no-hang 'opening i.tiny took more than 1 seconds'
found no-output 'opening l.tiny printed more than 64 MiB'
says 'findings of its own' out 'fault: \x1b['
is 'findings of its own: nothing raw' "$(grep -c "$(printf '\033')" out)" 0
says 'the other samples were opened' out '(4 checks'

# a process in a session of its own
tenon check-plugin --only samples plugins/tiny.so D.tiny
if [ -r /proc/self/stat ]; then
    exits 'a daemon' 1
    found leaves-nothing 'it left a process running'
    kill -0 "$(cat daemon)" 2>/dev/null
    is 'a daemon: it is ended' $? 1
else
    kill "$(cat daemon)"
    skip 'daemons are not found here'
fi
# the command has this child when it begins
(sleep 51 & echo $! >own; exec "$TENON" check-plugin --only samples plugins/tiny.so good.tiny >out 2>err)
is 'another child of the command' $? 0
kill "$(cat own)"
is 'another child of the command: it lives on' $? 0
deep=$(printf 'a%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40)
deep=$deep$deep$deep$deep$deep
mkdir -p "$deep/$deep/$deep/$deep/$deep/$deep"
cp good.tiny "$deep/$deep/$deep/$deep/$deep/$deep/"
tenon check-plugin --only samples plugins/tiny.so "$deep/$deep/$deep/$deep/$deep/$deep/good.tiny"
exits 'a long path' 0
says 'a long path is told' out 'left out: a sample whose path has more than 1024 bytes'
rm -r "$deep"

# what the process has when the step is done; the last one, since later paths would be wrong
tenon check-plugin --only samples plugins/tiny.so good.tiny t.tiny f.tiny F.tiny s.tiny v.tiny u.tiny r.tiny d.tiny
exits 'changes of the process' 1
[ ! -d /proc/self/task ] || found leaves-nothing 'it left 1 thread running'
found leaves-nothing '/dev/null'
found leaves-nothing 'it left a process running'
found leaves-process 'it changed what the signal'
found leaves-process 'it changed the environment'
found leaves-process 'it changed the umask'
found leaves-process 'it changed the rounding'
found leaves-process 'it changed the working directory'
tenon check-plugin --only samples plugins/tiny.so good.tiny z.tiny
if [ "$(uname -m)" = x86_64 ]; then
    found leaves-process 'it changed what becomes of subnormal'
fi
tenon check-plugin --only samples plugins/tiny.so other.bin
exits 'a sample of another format' 1
says 'a sample of another format' out 'rule recognised: '
says 'a sample of another format: why' out 'tiny: '
if readelf -h plugins/tiny.so >/dev/null 2>&1 && [ -d /proc/self/task ]; then
    tenon check-plugin --only state plugins/tiny.so good.tiny
    exits 'no variable changes' 0
    tenon check-plugin --only state plugins/tiny.so g.tiny
    exits 'a variable changes' 1
    says 'a variable changes' out 'g.tiny: reading it changed the variable counter'
    tenon check-plugin -v --only exports plugins/tiny.so
    exits 'forbidden calls are warnings' 0
    for name in open exit puts pthread_create fork signal setenv; do
        says "it calls $name" out "warning: $name: "
    done
    tenon check-plugin --strict --only exports plugins/tiny.so
    exits '--strict' 1
fi
for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    cp other.bin other$number.bin
done
tenon check-plugin --only samples plugins/tiny.so other*.bin
is 'many findings: ten are printed' "$(grep -c 'fault: ' out)" 10
says 'many findings: how many' out 'and 3 more (-v prints them)'
tenon check-plugin -v --only samples plugins/tiny.so other*.bin
is 'many findings: -v' "$(grep -c 'fault: ' out)" 13
build takes 0 npy
tenon check-plugin --only tables plugins/takes.so
exits "an id of tenon's" 1
says "an id of tenon's" out "codec npy: this id is that of tenon's plugin npy"
says "an id of tenon's: the other plugin" out 'npy: this plugin is no longer loaded'
sed -n 's/^| `\([a-z0-9-]*\)` .*in the tree.*/\1/p' "$TENON_SRCDIR/docs/registry.md" | while read -r id; do
    grep -q "{ \"$id\", \"" "$TENON_SRCDIR/tools/check/step_tables.c" || echo "$id"
done >missing
is 'the ids of docs/registry.md are known' "$(cat missing)" ''
mkdir folder
cp good.tiny folder/a.tiny
cp good.tiny folder/b.tiny
echo text >folder/README
tenon check-plugin --only samples plugins/tiny.so folder
exits 'a folder of samples' 0
says 'a folder of samples: others' out '1 file in the folders of samples'
ln -s . folder/loop
ln -s ../good.tiny folder/z.tiny
mkfifo folder/pipe.tiny
tenon check-plugin -v --only samples plugins/tiny.so folder
exits 'links and pipes in a folder' 0
is 'links and pipes in a folder: its samples' "$(sed -n 's/^    \(.*\): tiny$/\1/p' out | tr '\n' ' ')" \
    'folder/a.tiny folder/b.tiny folder/z.tiny '
rm folder/loop folder/pipe.tiny folder/z.tiny
mkdir many
awk 'BEGIN { for (i = 0; i < 2010; i++) { file = "many/" i ".bin"; print "other" >file; close (file) } }'
tenon check-plugin --only samples plugins/tiny.so many
says 'many files in a folder' out 'left out: files of folders beyond the first 2000'
rm -r many
cp c.tiny folder/a.tiny
printf 'TINY' >folder/c.tiny
tenon check-plugin --only samples plugins/tiny.so folder
says 'a crash: the others are looked at' out 'folder/c.tiny'

# ---- a plugin that cannot be loaded

build loops h
tenon check-plugin --timeout 1 plugins/loops.so good.tiny
exits 'it hangs at loading' 1
says 'it hangs at loading' out 'rule no-hang'
says 'it hangs at loading: no other step' out 'loops: 1 step,'
echo text >plugins/text.so
tenon check-plugin plugins/text.so
exits 'no plugin' 1
says 'no plugin' out 'rule loads'
for name in 'a b.so' tiny.so.x . ''; do
    cp plugins/tiny.so "plugins/$name" 2>/dev/null
    tenon check-plugin "plugins/$name"
    fails "the file '$name'" 2 'no plugin has the name'
done
cp plugins/tiny.so plugins/tiny.so.1
tenon check-plugin --only tables plugins/tiny.so.1
exits 'a file with a version' 0
cp plugins/tiny.so plugins/named.so
tenon check-plugin plugins/named.so
says 'another name' out "it calls itself 'tiny'"

# ---- the report

tenon check-plugin --json --only samples plugins/tiny.so c.tiny
exits '--json' 1
is '--json: one line' "$(wc -l <out | tr -d ' ')" 1
says '--json: the plugin' out '{"plugin":"tiny","file":"'
says '--json: the finding' out '"rule":"no-crash","severity":"fault","subject":""'
says '--json: the sums' out '"faults":1,"warnings":0,'
tenon check-plugin --json --list
says '--json --list' out '{"rule":"no-crash","severity":"fault",'
silent '--json: stderr' err

# ---- what is left behind

is 'no file is left' "$(ls temporary)" ''
tenon check-plugin --keep --only samples npy
kept=$(sed -n 's/^tenon: the files that were made are in //p' err)
is '--keep: samples' "$([ -f "$kept/samples/npy-shapes.npy" ] && echo made)" 'made'
rm -rf "$kept"
"$TENON" check-plugin --only samples plugins/tiny.so h.tiny >out 2>err </dev/null &
process=$!
waited=0
while [ -z "$(ls temporary)" ] && [ $waited -lt 100 ]; do
    sleep 0.1
    waited=$((waited + 1))
done
sleep 0.3
kill -TERM $process
wait $process
is 'a signal: the status' $? 143
is 'a signal: no file is left' "$(ls temporary)" ''
finish
