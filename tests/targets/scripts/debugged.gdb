# Commands for debugged.
set debuginfod enabled off
set $hits = 0
set $steps = 0
break middle if ++$hits == 60
run
delete
while $steps < 300
  stepi
  set $steps = $steps + 1
end
continue
quit $_exitcode
