#!/usr/bin/env bash
# Reads the switch, checks it, exports what follows from it, and runs its arguments.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: ./entrypoint.sh COMMAND [ARGUMENT...]

  ./entrypoint.sh tandem run openaq        run a pipeline
  ./entrypoint.sh dbt build                dbt on the chosen target
  ./entrypoint.sh airflow dags list        Airflow's own commands

TANDEM_ENV (dev, rehearsal, prod) and TANDEM_TARGET (duckdb, athena, snowflake) decide where;
they come from the environment or from .env. Nothing set: dev on duckdb, all on this machine.
TEXT
}

die() {
  printf 'tandem: %s\n' "$1" >&2
  exit "${2:-2}"
}

# The value of a setting in .env, as Python's reader of that file sees it: the last one, without quotes or comment.
in_file() {
  [[ -r $env_file && ! -d $env_file ]] || return 0
  sed -nE "s/^[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=[[:space:]]*//p" "$env_file" | tail -n 1 |
    sed -E -e 's/^"([^"]*)".*$/\1/' -e t -e "s/^'([^']*)'.*$/\1/" -e t -e 's/(^|[[:space:]]+)#.*$//' -e 's/[[:space:]]*$//'
}

value_of() { local found=${!1:-}; printf '%s' "${found:-$(in_file "$1")}"; }
origin_of() { if [[ -n ${!1:-} ]]; then printf 'in the environment'; else printf 'in %s' "${env_file##*/}"; fi; }

refuse_target() {
  local way_out='Set one of these, or set TANDEM_ENV to dev.'
  [[ $environment != dev ]] || way_out='Remove it, or set TANDEM_ENV to rehearsal or prod.'
  die "TANDEM_TARGET is $target ($(origin_of TANDEM_TARGET)), which TANDEM_ENV=$environment does not run on. Allowed: $1. $way_out"
}

check_switch() {
  local default='Set one of these, or remove it for the default.'
  case $environment in dev | rehearsal | prod) ;; *)
    die "TANDEM_ENV is \"$environment\" ($(origin_of TANDEM_ENV)). Allowed: dev, rehearsal, prod. $default" ;;
  esac
  case $target in '' | duckdb | athena | snowflake) ;; *)
    die "TANDEM_TARGET is \"$target\" ($(origin_of TANDEM_TARGET)). Allowed: duckdb, athena, snowflake. $default" ;;
  esac
  case $environment-$target in
    dev- | dev-duckdb | rehearsal-athena | rehearsal-snowflake | prod-athena | prod-snowflake) ;;
    dev-*) refuse_target duckdb ;;
    *-duckdb) refuse_target 'athena, snowflake' ;;
    *) die "TANDEM_TARGET is not set, and TANDEM_ENV=$environment needs one. Allowed: athena, snowflake. Set it in the environment or in ${env_file##*/}." ;;
  esac
}

export_switch() {
  export TANDEM_ENV=$environment TANDEM_TARGET=${target:-duckdb} TANDEM_HOME=$home
  state=$home/$TANDEM_ENV-$TANDEM_TARGET
  export DBT_PROJECT_DIR=$project/dbt DBT_PROFILES_DIR=$project/dbt DBT_TARGET=$TANDEM_TARGET
  export DBT_TARGET_PATH=$state/dbt/target DBT_LOG_PATH=$state/logs
  export DBT_SEND_ANONYMOUS_USAGE_STATS=false DO_NOT_TRACK=1
  export TANDEM_DUCKDB_PATH=$state/warehouse.build.duckdb
}

# What dbt's profile of Athena reads, for dbt called by hand; a run sets the same from its settings.
export_athena() {
  [[ $TANDEM_TARGET == athena ]] || return 0
  local lake output namespace region
  lake=$(value_of TANDEM_LAKE) output=$(value_of ATHENA_OUTPUT) namespace=$(value_of TANDEM_NAMESPACE) region=$(value_of AWS_REGION)
  [[ $TANDEM_ENV != rehearsal || -n $lake ]] || lake=s3://tandem-rehearsal/lake
  lake=${lake%/}${namespace:+/$namespace} output=${output:-$lake/_athena/results}
  export TANDEM_NAMESPACE=$namespace TANDEM_ATHENA_SCHEMA=${namespace:+${namespace}_}tandem
  export TANDEM_ATHENA_DATA=$lake/_athena/tables/ TANDEM_ATHENA_OUTPUT=${output%/}/
  export TANDEM_ATHENA_WORK_GROUP TANDEM_ATHENA_REGION=${region:-${AWS_DEFAULT_REGION:-}}
  TANDEM_ATHENA_WORK_GROUP=$(value_of ATHENA_WORK_GROUP) TANDEM_ATHENA_WORK_GROUP=${TANDEM_ATHENA_WORK_GROUP:-primary}
}

export_airflow() {
  export AIRFLOW_HOME=$state/airflow
  export AIRFLOW__CORE__DAGS_FOLDER=$project/orchestration/dags AIRFLOW__CORE__PLUGINS_FOLDER=$project/orchestration/plugins
  export AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__DEFAULT_TIMEZONE=utc
  # A deployment names its own database, executor and log folder; on a laptop another project's must not leak in.
  [[ $TANDEM_ENV != dev ]] ||
    unset AIRFLOW__DATABASE__SQL_ALCHEMY_CONN AIRFLOW__CORE__EXECUTOR AIRFLOW__LOGGING__BASE_LOG_FOLDER AIRFLOW__API__HOST
  export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=${AIRFLOW__DATABASE__SQL_ALCHEMY_CONN:-sqlite:///$AIRFLOW_HOME/airflow.db}
  export AIRFLOW__CORE__EXECUTOR=${AIRFLOW__CORE__EXECUTOR:-LocalExecutor}
  export AIRFLOW__LOGGING__BASE_LOG_FOLDER=${AIRFLOW__LOGGING__BASE_LOG_FOLDER:-$state/logs/airflow}
  export AIRFLOW__API__HOST=${AIRFLOW__API__HOST:-127.0.0.1}
}

# Stand-ins and Airflow's own servers listen on this machine: a proxy must not be asked for them.
export_no_proxy() {
  local list=${NO_PROXY:-${no_proxy:-}}
  export NO_PROXY=${list:+$list,}127.0.0.1,localhost
  export no_proxy=$NO_PROXY
}

project=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
env_file=${TANDEM_ENV_FILE:-$project/.env}

if [[ $# -eq 0 || $1 == -h || $1 == --help ]]; then
  usage
  exit 0
fi

environment=$(value_of TANDEM_ENV)
environment=${environment:-dev}
target=$(value_of TANDEM_TARGET)
check_switch

home=$(value_of TANDEM_HOME)
home=${home:-.tandem}
home=${home/#\~\//$HOME/}
[[ $home == /* ]] || home=$project/$home

export_switch
export_athena
export_airflow
export_no_proxy

# On a laptop the commands are in .venv; in a container they are on PATH already.
[[ ! -x $project/.venv/bin/python ]] || export PATH=$project/.venv/bin:$PATH
command -v "$1" >/dev/null || die "there is no command $1. Make the environment with: make setup" 127
exec "$@"
