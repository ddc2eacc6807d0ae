# Outlives the JVM that started it, and ends what is left of its cluster.
# $1 directory of the cluster   $2 $3 first and last group id of its processes, 0 when it has no groups of its own
# $4 its nftables table
dir=$1 first=$2 last=$3 table=$4
trap '' HUP INT TERM
cd /

# The JVM holds the other end and never writes: this ends with the JVM, however it ends.
while read -r _; do :; done

# By group when the cluster has its own: a forked backend cannot escape it. By working directory otherwise.
# Zombies are left out: nobody can kill those.
victims() {
    if [ "$first" -gt 0 ]; then
        grep -E '^(State|Gid):' /proc/[0-9]*/status 2>/dev/null | awk -F '[/:\t]+' -v first="$first" -v last="$last" '
            $5 == "State" { alive = $6 !~ /^[ZX]/ }
            $5 == "Gid" && alive && $6 >= first && $6 <= last { print $3 }'
    else
        find /proc -maxdepth 2 -name cwd -lname "$dir/*" 2>/dev/null | cut -d / -f 3
    fi
}

# Again and again, since a process may have forked while we looked. SIGKILL ends stopped processes too.
round=0
while [ "$round" -lt 100 ]; do
    pids=$(victims)
    [ -z "$pids" ] && break
    kill -KILL $pids 2>/dev/null
    sleep 0.05
    round=$((round + 1))
done

nft delete table inet "$table" 2>/dev/null
case $dir in
*/pgbaton-testkit-*) rm -rf "$dir" ;;
esac
