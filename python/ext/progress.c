/* SPDX-License-Identifier: MIT */
/* progress.c - runs long calls of the library, so that Ctrl-C and a callable of Python can stop them.
 *
 * Only the main thread of Python handles signals, and the library reports progress on any thread of its pool.
 * So a call that moves many bytes runs on a new thread. The calling thread waits, and checks for signals and
 * calls the callable a few times a second. Thus the callable runs on the thread of its program, and its cost
 * does not depend on the number of reports. */
#include "core.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>

/* Work below this number of bytes takes milliseconds, and a new thread would slow it down. */
#define MUCH_WORK ((uint64_t) 16 << 20)
#define MILLISECONDS 50

/* ---- exceptions of callbacks ---- */

void
tn_caught_keep (tn_caught *caught)
{
    PyObject *type, *value, *trace;
    PyErr_Fetch (&type, &value, &trace);
    PyErr_NormalizeException (&type, &value, &trace);
    if (value && trace)
        PyException_SetTraceback (value, trace);
    PyObject *none = NULL;
    if (!value || !atomic_compare_exchange_strong (&caught->exception, &none, value))
        Py_XDECREF (value);
    Py_XDECREF (type);
    Py_XDECREF (trace);
}

bool
tn_caught_raise (tn_caught *caught)
{
    PyObject *value = atomic_exchange (&caught->exception, NULL);
    if (!value)
        return false;
    if (PyErr_Occurred ())
        Py_DECREF (value);
    else
        PyErr_Restore (Py_NewRef ((PyObject *) Py_TYPE (value)), value, PyException_GetTraceback (value));
    return true;
}

/* ---- a call ---- */

struct run {
    tenon_progress library;
    PyObject *callable;
    tn_work work;
    void *argument;
    tenon_status status;
    tn_caught caught;
    pthread_t caller;
    struct timespec next; /* the earliest time for the next check of the calling thread */
    bool apart;           /* the work has its own thread */
    /* the lock protects the following */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended, stopped;
    bool fresh; /* the callable has not been called with the numbers */
    uint64_t done, total;
};

static struct timespec
time_after (clockid_t clock, long milliseconds)
{
    struct timespec now;
    clock_gettime (clock, &now);
    now.tv_nsec += milliseconds * 1000000;
    now.tv_sec += now.tv_nsec / 1000000000;
    now.tv_nsec %= 1000000000;
    return now;
}

static bool
is_stopped (struct run *run)
{
    pthread_mutex_lock (&run->lock);
    bool stopped = run->stopped;
    pthread_mutex_unlock (&run->lock);
    return stopped;
}

/* Keeps the current exception, and stops the work. The caller holds the GIL. */
static void
stop_work (struct run *run)
{
    tn_caught_keep (&run->caught);
    pthread_mutex_lock (&run->lock);
    run->stopped = true;
    pthread_mutex_unlock (&run->lock);
}

/* Calls the callable if the numbers are new. */
static void
call_back (struct run *run)
{
    pthread_mutex_lock (&run->lock);
    bool fresh = run->fresh && !run->stopped && run->callable;
    unsigned long long done = run->done, total = run->total;
    run->fresh = false;
    pthread_mutex_unlock (&run->lock);
    if (!fresh)
        return;
    PyObject *result = PyObject_CallFunction (run->callable, "KK", done, total);
    if (!result)
        stop_work (run);
    Py_XDECREF (result);
}

/* Runs on the calling thread, with the GIL. */
static void
look_around (struct run *run)
{
    if (PyErr_CheckSignals () < 0)
        stop_work (run);
    call_back (run);
}

/* Runs on the calling thread, without the GIL, during the work. */
static void
look_sometimes (struct run *run)
{
    struct timespec now = time_after (CLOCK_MONOTONIC, 0), next = run->next;
    if (now.tv_sec < next.tv_sec || (now.tv_sec == next.tv_sec && now.tv_nsec < next.tv_nsec))
        return;
    PyGILState_STATE state = PyGILState_Ensure ();
    look_around (run);
    PyGILState_Release (state);
    run->next = time_after (CLOCK_MONOTONIC, MILLISECONDS);
}

/* While the library waits for another save, both numbers are 0. */
static int
take_report (void *user, uint64_t done, uint64_t total)
{
    struct run *run = user;
    pthread_mutex_lock (&run->lock);
    run->done = done, run->total = total, run->fresh = true;
    pthread_mutex_unlock (&run->lock);
    if (!run->apart && pthread_equal (pthread_self (), run->caller))
        look_sometimes (run);
    return is_stopped (run);
}

/* ---- a new thread ---- */

static void *
do_work (void *user)
{
    struct run *run = user;
    run->status = run->work (run->argument, &run->library);
    pthread_mutex_lock (&run->lock);
    run->ended = true;
    pthread_cond_signal (&run->changed);
    pthread_mutex_unlock (&run->lock);
    return NULL;
}

/* Blocks all signals except those of faults of this thread: the threads of the program handle them. */
static bool
start_thread (struct run *run, pthread_t *thread)
{
    sigset_t all, old;
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
    sigfillset (&all);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset (&all, faults[i]);
    pthread_sigmask (SIG_SETMASK, &all, &old);
    bool started = pthread_create (thread, NULL, do_work, run) == 0;
    pthread_sigmask (SIG_SETMASK, &old, NULL);
    return started;
}

/* Runs without the GIL. */
static bool
wait_a_while (struct run *run)
{
    struct timespec until = time_after (CLOCK_REALTIME, MILLISECONDS);
    pthread_mutex_lock (&run->lock);
    if (!run->ended)
        pthread_cond_timedwait (&run->changed, &run->lock, &until);
    bool ended = run->ended;
    pthread_mutex_unlock (&run->lock);
    return ended;
}

/* False: the system refuses a thread. */
static bool
run_apart (struct run *run)
{
    pthread_t thread;
    run->apart = true;
    PyThreadState *state = PyEval_SaveThread ();
    bool started = start_thread (run, &thread);
    while (started && !wait_a_while (run)) {
        PyEval_RestoreThread (state);
        look_around (run);
        state = PyEval_SaveThread ();
    }
    if (started)
        pthread_join (thread, NULL);
    PyEval_RestoreThread (state);
    run->apart = started;
    return started;
}

static void
run_here (struct run *run)
{
    run->next = time_after (CLOCK_MONOTONIC, MILLISECONDS);
    Py_BEGIN_ALLOW_THREADS;
    run->status = run->work (run->argument, &run->library);
    Py_END_ALLOW_THREADS;
}

/* ---- the whole call ---- */

/* Whether this thread gets KeyboardInterrupt, or may get it. Keeps an interrupt of this function. */
static bool
is_main_thread (struct run *run)
{
    PyObject *threading = PyImport_ImportModule ("threading");
    PyObject *thread = threading ? PyObject_CallMethod (threading, "main_thread", NULL) : NULL;
    PyObject *number = thread ? PyObject_GetAttrString (thread, "ident") : NULL;
    unsigned long ident = number && number != Py_None ? PyLong_AsUnsignedLong (number) : 0;
    if (PyErr_Occurred () && !PyErr_ExceptionMatches (PyExc_Exception))
        stop_work (run);
    PyErr_Clear ();
    Py_XDECREF (number);
    Py_XDECREF (thread);
    Py_XDECREF (threading);
    return ident == 0 || ident == PyThread_get_thread_ident ();
}

/* Calls the callable with the final numbers, even if the library did not report. */
static void
tell_end (struct run *run, uint64_t bytes)
{
    if (run->total == 0 && bytes != TN_MANY_BYTES)
        run->total = bytes;
    if (run->done < run->total) {
        run->done = run->total;
        run->fresh = true;
    }
    call_back (run);
}

tenon_status
tn_run (PyObject *callable, uint64_t bytes, bool here, tn_work work, void *argument)
{
    struct run run = { .callable = callable == Py_None ? NULL : callable,
                       .work = work,
                       .argument = argument,
                       .caller = pthread_self () };
    run.library = (tenon_progress){ .struct_size = sizeof run.library, .report = take_report, .user = &run };
    pthread_mutex_init (&run.lock, NULL);
    pthread_cond_init (&run.changed, NULL);
    bool apart = !here && bytes >= MUCH_WORK && (run.callable || is_main_thread (&run));
    if (!apart || !run_apart (&run))
        run_here (&run);
    if (run.status == TENON_OK && run.callable)
        tell_end (&run, bytes);
    pthread_cond_destroy (&run.changed);
    pthread_mutex_destroy (&run.lock);
    return tn_caught_raise (&run.caught) ? TENON_E_CANCELLED : run.status;
}
