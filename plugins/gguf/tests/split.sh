#!/bin/sh
. "$(dirname "$0")/lib.sh"
checks=1
finish
