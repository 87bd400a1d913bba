/* SPDX-License-Identifier: MIT */
/* small_stack.h - runs tests on a thread with a stack of 128 KiB, as musl gives to each, and as servers give
 * to thousands. */
#ifndef TESTS_SMALL_STACK_H
#define TESTS_SMALL_STACK_H
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

/* Sanitizers make frames several times as large, so what they run under has more. */
__attribute__ ((unused)) static size_t
small_stack_size (void)
{
    const char *sanitizers = getenv ("TENON_SANITIZERS");
    return (size_t) (sanitizers && *sanitizers ? 1024 : 128) << 10;
}

/* Runs body (user), and makes the threads of the library as small, where the C library can say so. */
__attribute__ ((unused)) static void
on_small_stack (void *(*body) (void *), void *user)
{
    pthread_attr_t attributes;
    pthread_t thread;
    ck_assert_int_eq (pthread_attr_init (&attributes), 0);
    ck_assert_int_eq (pthread_attr_setstacksize (&attributes, small_stack_size ()), 0);
#ifdef __GLIBC__
    ck_assert_int_eq (pthread_setattr_default_np (&attributes), 0);
#endif
    ck_assert_int_eq (pthread_create (&thread, &attributes, body, user), 0);
    ck_assert_int_eq (pthread_join (thread, NULL), 0);
    pthread_attr_destroy (&attributes);
}
#endif
