# The tests of configure.ac that autoconf does not bring along.

# TENON_TRY_LINK(MESSAGE, FLAGS, IF-YES, IF-NO): compile and link a program with FLAGS.
AC_DEFUN([TENON_TRY_LINK], [
  AC_MSG_CHECKING([whether $1])
  tenon_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS $2"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [tenon_works=yes], [tenon_works=no])
  CFLAGS=$tenon_save_CFLAGS
  AC_MSG_RESULT([$tenon_works])
  AS_IF([test $tenon_works = yes], [$3], [$4])
])

# TENON_TRY_FUZZER(IF-YES, IF-NO): libFuzzer brings main, the program only the function that it calls.
AC_DEFUN([TENON_TRY_FUZZER], [
  AC_MSG_CHECKING([whether $CC can make fuzzers])
  tenon_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS $SANITIZER_CFLAGS -fsanitize=fuzzer"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[
      #include <stddef.h>
      int LLVMFuzzerTestOneInput (const unsigned char *data, size_t size) { return (size && data[0]) * 0; }]])],
    [tenon_works=yes], [tenon_works=no])
  CFLAGS=$tenon_save_CFLAGS
  AC_MSG_RESULT([$tenon_works])
  AS_IF([test $tenon_works = yes], [$1], [$2])
])

# TENON_TRY_CFLAGS(VARIABLE, FLAGS): append to VARIABLE those FLAGS that the compiler takes without a word.
AC_DEFUN([TENON_TRY_CFLAGS], [
  tenon_save_CFLAGS=$CFLAGS
  for tenon_flag in m4_normalize([$2])
  do
    AC_MSG_CHECKING([whether $CC accepts $tenon_flag])
    CFLAGS="$tenon_save_CFLAGS -Werror $tenon_flag"
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int tenon_probe; ]])],
      [AC_MSG_RESULT([yes])
       $1="${$1:+$$1 }$tenon_flag"],
      [AC_MSG_RESULT([no])])
  done
  CFLAGS=$tenon_save_CFLAGS
])

# TENON_TRY_HARDENING(VARIABLE, FLAGS): append to VARIABLE those FLAGS with which a program that has an array on its stack
# compiles and links: some systems lack the function that a check calls.
AC_DEFUN([TENON_TRY_HARDENING], [
  tenon_save_CFLAGS=$CFLAGS
  for tenon_flag in m4_normalize([$2])
  do
    AC_MSG_CHECKING([whether $CC accepts $tenon_flag])
    CFLAGS="$tenon_save_CFLAGS -Werror $tenon_flag"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]],
        [[char text@<:@9000@:>@; memset (text, 0, sizeof text); return (int) strlen (text);]])],
      [AC_MSG_RESULT([yes])
       $1="${$1:+$$1 }$tenon_flag"],
      [AC_MSG_RESULT([no])])
  done
  CFLAGS=$tenon_save_CFLAGS
])

# TENON_TRY_FORTIFY(VARIABLE): append -D_FORTIFY_SOURCE=2 to VARIABLE if the C library's checks can work: not without
# optimisation, not with sanitizers, which check more; and not if the compiler or the user has chosen a level.
AC_DEFUN([TENON_TRY_FORTIFY], [
  AC_MSG_CHECKING([whether -D_FORTIFY_SOURCE=2 is of use])
  tenon_works=no
  AS_IF([test -z "$SANITIZERS"],
    [AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#if !defined __OPTIMIZE__ || defined _FORTIFY_SOURCE
#error "of no use"
#endif
int tenon_probe; ]])], [tenon_works=yes])])
  AC_MSG_RESULT([$tenon_works])
  AS_IF([test $tenon_works = yes], [$1="${$1:+$$1 }-D_FORTIFY_SOURCE=2"])
])

# TENON_TRY_SHARED(FLAGS): sets tenon_works to whether a shared object can be linked with FLAGS, and with the sanitizers.
AC_DEFUN([TENON_TRY_SHARED], [
  tenon_save_CFLAGS=$CFLAGS
  tenon_save_LDFLAGS=$LDFLAGS
  CFLAGS="$CFLAGS $SANITIZER_CFLAGS -Werror -fPIC"
  LDFLAGS="$LDFLAGS -shared $1"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[
      int tenon_probe (const int *, int);
      int tenon_probe (const int *numbers, int index) { return numbers[index] + index; }]])],
    [tenon_works=yes], [tenon_works=no])
  CFLAGS=$tenon_save_CFLAGS
  LDFLAGS=$tenon_save_LDFLAGS
])

# TENON_TRY_SHARED_LDFLAG(VARIABLE, FLAG): append FLAG to VARIABLE when a shared object can be linked with it.
AC_DEFUN([TENON_TRY_SHARED_LDFLAG], [
  AC_MSG_CHECKING([whether shared objects link with $2])
  TENON_TRY_SHARED([$2])
  AC_MSG_RESULT([$tenon_works])
  AS_IF([test $tenon_works = yes], [$1="${$1:+$$1 }$2"])
])

# TENON_TRY_VERSION_SCRIPT(IF-YES, IF-NO)
AC_DEFUN([TENON_TRY_VERSION_SCRIPT], [
  AC_MSG_CHECKING([whether the linker takes version scripts])
  AS_ECHO(['PROBE_0 { global: tenon_*; local: *; };']) >conftest.map
  TENON_TRY_SHARED([-Wl,--version-script=conftest.map])
  command rm -f conftest.map
  AC_MSG_RESULT([$tenon_works])
  AS_IF([test $tenon_works = yes], [$1], [$2])
])

# TENON_PTHREAD: sets PTHREAD_CFLAGS, for compiling and linking, and PTHREAD_LIBS.
AC_DEFUN([TENON_PTHREAD], [
  PTHREAD_CFLAGS=
  PTHREAD_LIBS=
  tenon_save_CFLAGS=$CFLAGS
  tenon_save_LIBS=$LIBS
  AC_MSG_CHECKING([how to use POSIX threads])
  tenon_works=no
  for tenon_flag in -pthread -lpthread
  do
    CFLAGS="$tenon_save_CFLAGS $SANITIZER_CFLAGS -Werror"
    LIBS=$tenon_save_LIBS
    AS_CASE([$tenon_flag], [-l*], [LIBS="$LIBS $tenon_flag"], [CFLAGS="$CFLAGS $tenon_flag"])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[
        #include <pthread.h>
        static void *work (void *argument) { return argument; }]], [[
        pthread_t thread;
        return pthread_create (&thread, 0, work, 0) || pthread_join (thread, 0);]])],
      [tenon_works=$tenon_flag; break])
  done
  CFLAGS=$tenon_save_CFLAGS
  LIBS=$tenon_save_LIBS
  AC_MSG_RESULT([$tenon_works])
  AS_CASE([$tenon_works],
    [-pthread], [PTHREAD_CFLAGS=-pthread],
    [-lpthread], [PTHREAD_LIBS=-lpthread],
    [AC_MSG_ERROR([tenon needs POSIX threads])])
  AC_SUBST([PTHREAD_CFLAGS])
  AC_SUBST([PTHREAD_LIBS])
])

# TENON_NEED(VARIABLE, MODULE, DEBIAN, FEDORA, HOMEBREW): a library that must be there. All that are missing are
# named together by TENON_NEED_REPORT, with the packages that bring them.
AC_DEFUN([TENON_NEED], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [tenon_missing="$tenon_missing $2"
     tenon_missing_debian="$tenon_missing_debian $3"
     tenon_missing_fedora="$tenon_missing_fedora $4"
     tenon_missing_brew="$tenon_missing_brew $5"])
])
AC_DEFUN([TENON_NEED_REPORT], [
  AS_IF([test -n "$tenon_missing"], [AC_MSG_ERROR([libraries that tenon needs are missing:$tenon_missing
  Debian, Ubuntu:  apt-get install$tenon_missing_debian
  Fedora:          dnf install$tenon_missing_fedora
  macOS:           brew install$tenon_missing_brew
or let ./quickstart do it])])
])

# TENON_MAY_USE(VARIABLE, OPTION, MODULE, WHAT FOR, [HEADER], [LIBRARY], [FUNCTION]): --with-OPTION=auto|yes|no,
# HAVE_VARIABLE, VARIABLE_CFLAGS and _LIBS, and have_VARIABLE: yes by pkg-config; "plain" where only the compiler finds
# HEADER and FUNCTION in LIBRARY; no.
AC_DEFUN([TENON_MAY_USE], [
  AC_ARG_WITH([$2],
    [AS_HELP_STRING([--with-$2=auto|yes|no], [use $3 for $4 @<:@auto@:>@])],
    [], [AS_VAR_SET([with_$2], [auto])])
  have_$1=no
  AS_CASE([$with_$2],
    [auto|yes],
    [PKG_CHECK_MODULES([$1], [$3], [have_$1=yes], [have_$1=no])
     m4_ifval([$5], [AS_IF([test $have_$1 = no],
       [AC_CHECK_HEADER([$5], [AC_CHECK_LIB([$6], [$7], [have_$1=plain; $1_LIBS=-l$6])])])])
     AS_IF([test $with_$2 = yes && test $have_$1 = no],
       [AC_MSG_ERROR([--with-$2=yes, but pkg-config does not know $3[]m4_ifval([$5], [[, and there is no $5 with -l$6]])])])],
    [no], [],
    [AC_MSG_ERROR([--with-$2 takes auto, yes or no, not '$with_$2'])])
  AS_IF([test $have_$1 != no], [AC_DEFINE([HAVE_$1], [1], [Define when $3 is used.])])
])

# TENON_FILTER_LIBRARY(VARIABLE, PLUGIN, MODULE, [HEADER], [LIBRARY], [FUNCTION]): the library of a plugin, which is left
# out without it.
AC_DEFUN([TENON_FILTER_LIBRARY], [
  TENON_MAY_USE([$1], [$2], [$3], [the plugin $2], [$4], [$5], [$6])
  AM_CONDITIONAL([$1], [test $have_$1 != no])
  AS_IF([test $have_$1 = no], [TENON_ABSENT_PLUGINS="$TENON_ABSENT_PLUGINS $2"])
])

# TENON_BUILTIN_LIBRARY(VARIABLE, PLUGIN, MODULE): if the plugin is built in, an application that links libtenon.a needs its
# library, which tenon.pc names if pkg-config knows it.
AC_DEFUN([TENON_BUILTIN_LIBRARY], [
  AS_CASE([" $BUILTIN_PLUGINS "],
    [*" $2 "*],
    [tenon_builtin_libs="$tenon_builtin_libs $$1_LIBS"
     AS_IF([test $have_$1 = yes], [TENON_REQUIRES_PRIVATE="$TENON_REQUIRES_PRIVATE $3"],
       [TENON_LIBS_PRIVATE="$TENON_LIBS_PRIVATE $$1_LIBS"])])
])

# TENON_CHOOSE_PLUGINS(NAMES): for each name the automake conditionals BUILTIN_name and MODULE_name, and the lists
# BUILTIN_PLUGINS and MODULE_PLUGINS, from --with-builtin-plugins and --disable-dlopen. None of TENON_ABSENT_PLUGINS is in
# one of them.
AC_DEFUN([TENON_CHOOSE_PLUGINS], [
  AS_CASE([$with_builtin_plugins],
    [default], [AS_IF([test "x$use_dlopen" = xno || test "x$enable_fuzzers" != xno],
                  [tenon_builtin="$1"], [tenon_builtin="$TENON_USUAL_BUILTINS"])],
    [all|yes], [tenon_builtin="$1"],
    [no], [tenon_builtin=],
    [tenon_builtin=`AS_ECHO(["$with_builtin_plugins"]) | tr ',' ' '`])
  for tenon_name in $tenon_builtin
  do
    AS_CASE([" $TENON_ABSENT_PLUGINS | $with_builtin_plugins "], [*" $tenon_name "*"|"*"$tenon_name"*],
      [AC_MSG_ERROR([--with-builtin-plugins: the library of the plugin '$tenon_name' is missing])])
    AS_CASE([" $1 "], [*" $tenon_name "*], [],
      [AC_MSG_ERROR([--with-builtin-plugins: there is no plugin '$tenon_name'; there are: $1])])
  done
  AS_IF([test "x$use_dlopen" = xno && test -z "$tenon_builtin"],
    [AC_MSG_ERROR([--disable-dlopen without built-in plugins would know no format at all: give --with-builtin-plugins=LIST, of: $1])])
  AS_IF([test "x$use_dlopen" != xno && test "x$enable_shared" = xno],
    [AC_MSG_ERROR([--disable-shared cannot build plugins that are loaded at run time: give --disable-dlopen as well])])
  BUILTIN_PLUGINS=
  MODULE_PLUGINS=
  m4_foreach_w([tenon_one], [$1], [
    tenon_builtin_one=no
    tenon_module_one=no
    AS_CASE([" $TENON_ABSENT_PLUGINS | $tenon_builtin "],
      [*" tenon_one "*"|"*], [],
      [*" tenon_one "*], [tenon_builtin_one=yes; BUILTIN_PLUGINS="${BUILTIN_PLUGINS:+$BUILTIN_PLUGINS }tenon_one"],
      [AS_IF([test "x$use_dlopen" != xno],
         [tenon_module_one=yes; MODULE_PLUGINS="${MODULE_PLUGINS:+$MODULE_PLUGINS }tenon_one"])])
    AM_CONDITIONAL([BUILTIN_]tenon_one, [test $tenon_builtin_one = yes])
    AM_CONDITIONAL([MODULE_]tenon_one, [test $tenon_module_one = yes])
  ])
  AC_SUBST([BUILTIN_PLUGINS])
  AC_SUBST([MODULE_PLUGINS])
])

# TENON_RELATIVE_PATHS: what the files for pkg-config and CMake call the installed folders, relative to themselves where they
# lie beneath the prefix, so that the prefix can be moved. PC_PREFIX, PC_NAME and CMAKE_NAME for each NAME of a folder; in
# the former ${prefix} stands for the prefix.
AC_DEFUN([TENON_RELATIVE_PATHS], [
  tenon_prefix=$prefix
  tenon_exec_prefix=$exec_prefix
  test "x$prefix" != xNONE || prefix=$ac_default_prefix
  test "x$exec_prefix" != xNONE || exec_prefix=$prefix
  # sets tenon_path to a folder as it will be installed, and tenon_part to its part beneath the prefix, empty without one;
  # folders name each other: plugindir, libdir, exec_prefix, prefix
  tenon_expand ()
  {
    tenon_path=$[]1
    for tenon_level in 1 2 3 4
    do
      eval "tenon_path=\"$tenon_path\""
    done
    AS_CASE([$tenon_path], ["$prefix"/?*], [tenon_part=${tenon_path[#]"$prefix"/}], [tenon_part=])
  }
  # prints the way up from a folder beneath the prefix
  tenon_up ()
  {
    AS_ECHO(["$[]1"]) | sed 's,//*,/,g; s,/$,,; s,[[^/]][[^/]]*,..,g'
  }
  tenon_expand "$pkgconfigdir"
  AS_IF([test -n "$tenon_part"], [PC_PREFIX="\${pcfiledir}/`tenon_up "$tenon_part"`"], [PC_PREFIX=$prefix])
  tenon_expand "$libdir/cmake/tenon"
  tenon_cmake_up=
  AS_IF([test -n "$tenon_part"], [tenon_cmake_up=`tenon_up "$tenon_part"`])
  AC_SUBST([PC_PREFIX])
  m4_foreach_w([tenon_name], [bindir libdir includedir plugindir sysconfdir], [
    tenon_expand "$tenon_name"
    AS_IF([test -n "$tenon_part"],
      [PC_[]m4_toupper(tenon_name)="\${prefix}/$tenon_part"], [PC_[]m4_toupper(tenon_name)=$tenon_path])
    AS_IF([test -n "$tenon_part" && test -n "$tenon_cmake_up"],
      [CMAKE_[]m4_toupper(tenon_name)="$tenon_cmake_up/$tenon_part"], [CMAKE_[]m4_toupper(tenon_name)=$tenon_path])
    AC_SUBST([PC_]m4_toupper(tenon_name))
    AC_SUBST([CMAKE_]m4_toupper(tenon_name))
  ])
  prefix=$tenon_prefix
  exec_prefix=$tenon_exec_prefix
])

# TENON_TRY_ONE_OBJECT(IF-YES, IF-NO): whether build-aux/one-object works here: it makes hidden symbols of an archive local.
AC_DEFUN([TENON_TRY_ONE_OBJECT], [
  AC_MSG_CHECKING([whether hidden symbols of a static library can be made local])
  tenon_works=no
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
      __attribute__ ((visibility ("hidden"))) int tenon_hidden (void) { return 1; }
      int tenon_seen (void) { return tenon_hidden (); }]])],
    [rm -f conftest.a
     AS_IF([($AR rcs conftest.a conftest.$ac_objext &&
             $SHELL "$srcdir/build-aux/one-object" "$CC $CFLAGS" "$OBJCOPY" "$AR" conftest.a &&
             "$NM_TOOL" conftest.a | grep ' t tenon_hidden' && "$NM_TOOL" conftest.a | grep ' T tenon_seen') >/dev/null 2>&1],
       [tenon_works=yes])
     rm -f conftest.a])
  AC_MSG_RESULT([$tenon_works])
  AS_IF([test $tenon_works = yes], [$1], [$2])
])

# TENON_COMPLETION(NAME, SHELL, FOLDER): --with-SHELL-completion-dir, with FOLDER for its default, as make expands it. Sets
# NAME_COMPLETION_DIR, and the conditional NAME_COMPLETION, which is false after --without-SHELL-completion-dir.
AC_DEFUN([TENON_COMPLETION], [
  AC_ARG_WITH([$2-completion-dir],
    [AS_HELP_STRING([--with-$2-completion-dir=DIR],
      [where the completion for $2 is installed @<:@$3@:>@])],
    [], [with_$2_completion_dir=yes])
  AS_CASE([$with_$2_completion_dir],
    [yes], [$1_COMPLETION_DIR='$3'],
    [no], [$1_COMPLETION_DIR=],
    [$1_COMPLETION_DIR=$with_$2_completion_dir])
  AC_SUBST([$1_COMPLETION_DIR])
  AM_CONDITIONAL([$1_COMPLETION], [test -n "$$1_COMPLETION_DIR"])
])
