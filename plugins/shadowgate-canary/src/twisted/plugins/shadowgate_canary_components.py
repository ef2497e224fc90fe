"""What this distribution offers; the classes are imported when a configuration uses them."""

from shadowgate.plugin import IFilter, IMatcher, IMirrorObserver, Plugin

header_in = Plugin("header-in", IMatcher, "shadowgate_canary.header_in.HeaderIn")
maintenance = Plugin("maintenance", IFilter, "shadowgate_canary.maintenance.Maintenance")
shadow_report = Plugin("shadow-report", IMirrorObserver, "shadowgate_canary.shadow_report.ShadowReport")
