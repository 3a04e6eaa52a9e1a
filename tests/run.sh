# ./insta test [--all] [--lint] [NAME...]: set-up, then every test project below tests/ (or those whose path contains a NAME).
# Sourced by ./insta. Ends with `N skipped: names` and `N passed, N failed`.

lint=0
names=()
while [ $# -gt 0 ]; do
    case $1 in
        --all) export INSTA_TEST_ALL=1 ;;
        --lint) lint=1 ;;
        -*) fail "unknown option $1: ./insta test [--all] [--lint] [NAME...]" ;;
        *) names+=("$1") ;;
    esac
    shift
done

need_dotnet
need_sdk
need_node
need postgresql memcached librdkafka1 libvips42
# In shells of their own: where one can't be had, its tests are skipped, by name.
(need chromium) || echo 'no chromium: the tests in a browser are skipped'
(need prometheus) || echo 'no prometheus: the tests of alerts and dashboards are skipped'
need_tools "${test_tools[@]}"
if [ -n "${INSTA_TOOLS:-}" ]; then need openjdk-17-jre-headless; fi

# Many short processes: what the profile-guided tier compiles is not run long enough to pay for it.
export DOTNET_TieredPGO=0

results="$state/test-results"
rm -rf "$results"
mkdir -p "$results"
passed=0 failed=0 failures=() skips=()

# step NAME COMMAND...: one check that is no .NET test; counts as one.
step() {
    local name=$1 status=0
    shift
    "$@" >"$results/$name.log" 2>&1 </dev/null || status=$?
    if [ "$status" = 0 ]; then
        passed=$((passed + 1))
        echo "passed  $name"
    else
        failed=$((failed + 1))
        failures+=("$name")
        echo "FAILED  $name"
        head -40 "$results/$name.log"
    fi
}

for package in $(cd "$root" && git ls-files 'package-lock.json' '*/package-lock.json'); do
    if npm_lacks "$root/$(dirname "$package")"; then phase "npm $(dirname "$package" | tr / -)" npm_install "$root/$(dirname "$package")"; fi
done
build_web

if [ "$lint" = 1 ]; then step lint "$root/.ci/lint"; fi

mapfile -t projects < <(cd "$root" && find tests -name '*.csproj' -not -path '*/bin/*' -not -path '*/obj/*' | sort | xargs grep -l '<IsTestProject>true' || true)
if [ ${#names[@]} -gt 0 ]; then
    mapfile -t projects < <(for name in "${names[@]}"; do printf '%s\n' "${projects[@]}" | grep -iF -- "$name" || true; done | sort -u)
    [ -n "${projects[*]}" ] || fail "no test project's path contains ${names[*]}"
fi

# One build of everything that the tests need, the executable included, by one traversal: shared projects are built once.
{
    echo '<Project><ItemGroup>'
    for project in "$host_project" "${projects[@]}"; do echo "<Project Include=\"$root/$project\" />"; done
    cat <<'X'
</ItemGroup>
<Target Name="Restore"><MSBuild Projects="@(Project)" Targets="Restore" Properties="MSBuildRestoreSessionId=$([System.Guid]::NewGuid())" /></Target>
<Target Name="Build"><MSBuild Projects="@(Project)" Targets="Build" BuildInParallel="true" /></Target>
</Project>
X
} >"$state/tests.proj"
phase restore dotnet msbuild "$state/tests.proj" -t:Restore -p:Configuration="$configuration" -nologo -v:quiet -clp:ErrorsOnly
phase build compiled dotnet msbuild "$state/tests.proj" -t:Build -p:Configuration="$configuration" -m -nologo -v:quiet -clp:ErrorsOnly

# The longest first, so that none of them runs alone at the end: by the seconds of this checkout's last run, or else by these.
seconds="$state/test-seconds"
usual='tests/Operations 300
tests/Projector 240
tests/Web 200
tests/Host 165
tests/Robustness/Feeds 130
tests/Changes 130
tests/Integration 120
tests/Feed 90
tests/Postgres 77
tests/Mesh 58
tests/Invalidator 53
tests/Proof 50
tests/Media 47'
touch "$seconds"
by_length() {
    local project
    for project in "$@"; do
        { echo "$usual"; cat "$seconds"; } | awk -v folder="$(dirname "$project")" -v project="$project" \
            '$1 == folder { last = $2 } END { print last + 0, project }'
    done | sort -k1,1nr -k2 | cut -d' ' -f2
}

# run_project PATH: one test process; prints when it ends.
run_project() {
    local project=$1 name log assembly begun=$SECONDS status=0 longest=1800
    name=$(basename "$project" .csproj)
    log="$pass_results/$name.log"
    assembly="$root/$(dirname "$project")/bin/$configuration/net10.0/$name.dll"
    # The oracle's full count has a budget of its own.
    if [ -n "${INSTA_TEST_ALL:-}" ] && [[ $project == tests/Robustness/Feeds/* ]]; then longest=14400; fi
    timeout -k 20 "${INSTA_TEST_LIMIT:-$longest}" dotnet vstest "$assembly" --ResultsDirectory:"$pass_results" --logger:"trx;LogFileName=$name.trx" \
        >"$log" 2>&1 </dev/null || status=$?
    echo "$status" >"$pass_results/$name.status"
    echo "$(dirname "$project") $((SECONDS - begun))" >"$pass_results/$name.seconds"
    if [ "$status" = 0 ]; then
        echo "passed  $name$pass_label ($((SECONDS - begun)) s)"
    else
        echo "FAILED  $name$pass_label ($((SECONDS - begun)) s)"
        grep -vE '^(VSTest|Copyright|Starting test execution|A total of|Microsoft)' "$log" | head -120
    fi
}

# One test process a core and one more: each waits for a part of its time, for its servers and for what it provokes.
limit=$(($(nproc 2>/dev/null || echo 2) + 1))

# run_pass LABEL PROJECT...: all of them, the longest first; their tests are counted. LABEL says how they run; empty: as they are.
run_pass() {
    local project name trx outcomes project_failed project_failures project_skips
    pass_label=${1:+ ($1)} pass_results="$results/${1// /-}"
    shift
    mkdir -p "$pass_results"
    for project in $(by_length "$@"); do
        while [ "$(jobs -rp | wc -l)" -ge "$limit" ]; do wait -n || true; done
        run_project "$project" &
    done
    wait || true
    for project in "$@"; do
        name=$(basename "$project" .csproj)
        trx="$pass_results/$name.trx"
        outcomes=$([ -f "$trx" ] && grep -oE '<UnitTestResult [^>]*' "$trx" || true)
        count() { grep -c "outcome=\"$1\"" <<<"$outcomes" || true; }
        passed=$((passed + $(count Passed)))
        project_failed=$(count Failed)
        failed=$((failed + project_failed))
        mapfile -t project_failures < <(grep 'outcome="Failed"' <<<"$outcomes" | sed -E 's/.*testName="([^"]*)".*/\1/' || true)
        mapfile -t project_skips < <(grep 'outcome="NotExecuted"' <<<"$outcomes" | sed -E 's/.*testName="([^"]*)".*/\1/' || true)
        failures+=("${project_failures[@]/%/$pass_label}")
        skips+=("${project_skips[@]/%/$pass_label}")
        # Ended badly without a failed test: crashed, hung, or found nothing to run. That is a failure too.
        if [ "$(cat "$pass_results/$name.status" 2>/dev/null || echo 1)" != 0 ] && [ "$project_failed" = 0 ]; then
            failed=$((failed + 1))
            failures+=("$name$pass_label (did not finish)")
        fi
    done
}

# The servers' files in memory where there is room: databases come and go by the hundred, and on a disk a new file costs a search for a number
# that was not in use a moment ago.
room() { df --output=avail -B1M "$1" 2>/dev/null | tail -1; }
free=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo 2>/dev/null)
if [ -z "${TMPDIR:-}" ] && [ "$(room /dev/shm)" -ge 6000 ] 2>/dev/null && [ "${free:-0}" -ge 10000 ]; then
    export TMPDIR="/dev/shm/insta-$$"
    mkdir -m 755 "$TMPDIR"
    trap 'rm -rf "$TMPDIR"' EXIT
fi

# A browser beside them would find a mesh that answers by the second, and so would readers who hold a mesh to the deadlines of its contracts: each
# has the machine to itself, afterwards.
mapfile -t alone < <(printf '%s\n' "${projects[@]}" | grep -E '^tests/(Web|Proof)/' || true)
mapfile -t together < <(printf '%s\n' "${projects[@]}" | grep -vE '^tests/(Web|Proof)/' || true)
[ ${#together[@]} = 0 ] || run_pass "" "${together[@]}"
for project in "${alone[@]}"; do run_pass "" "$project"; done
cat "$seconds" "$results"/*.seconds | awk '{ last[$1] = $2 } END { for (folder in last) print folder, last[folder] }' | sort >"$seconds.new"
mv "$seconds.new" "$seconds"

# Everything: what has a broker once more on Apache Kafka, and what runs the mesh once more with a process for each role. Their counts are
# those of the short tier: another broker and other processes don't make another case.
if [ -n "${INSTA_TEST_ALL:-}" ]; then
    unset INSTA_TEST_ALL
    mapfile -t brokered < <(for project in "${projects[@]}"; do
        if grep -rqE 'TestBroker|SharedServers|AssemblyServers|TestNodes' --include='*.cs' "$root/$(dirname "$project")"; then echo "$project"; fi
    done)
    if [ -n "${INSTA_TOOLS:-}" ] && [ ${#brokered[@]} -gt 0 ]; then
        INSTA_TEST_KAFKA=apache run_pass "on Apache Kafka" "${brokered[@]}"
    else
        skips+=("everything with a broker, on Apache Kafka (it is not there)")
    fi
    mapfile -t meshed < <(printf '%s\n' "${projects[@]}" | grep -E '^tests/(Integration|Proof)/' || true)
    if [ ${#meshed[@]} -gt 0 ]; then INSTA_TEST_SPLIT=1 run_pass "each role in its own process" "${meshed[@]}"; fi
fi

if [ ${#failures[@]} -gt 0 ]; then printf 'failed: %s\n' "${failures[@]}"; fi
names_of_skips=$(printf '%s, ' "${skips[@]}")
if [ ${#skips[@]} = 0 ]; then names_of_skips='none, '; fi
echo "${#skips[@]} skipped: ${names_of_skips%, }"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
exit $?
