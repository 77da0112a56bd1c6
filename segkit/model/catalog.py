"""Well-known services by name.

Ports are those of the IANA Service Name and Transport Protocol Port Number Registry where the service is
registered there under the number that is used; otherwise of the product's own documentation, as the last
column says. ICMP types are those of the IANA ICMP and ICMPv6 parameter registries. A name stands for the
listening ports of the usual set-up: what negotiates further ports (FTP data in active mode, NFSv3 side
services) is not covered."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from segkit.sets import ServiceSet


class WellKnown(NamedTuple):
    """One entry: its name, the services as text, what it is, and where the numbers come from."""

    name: str
    services: str
    about: str
    source: str


_IANA = "IANA service names"

WELL_KNOWN: tuple[WellKnown, ...] = (
    WellKnown("activemq", "tcp/61616", "Apache ActiveMQ OpenWire", "ActiveMQ documentation"),
    WellKnown("amqp", "tcp/5672", "AMQP, RabbitMQ", _IANA),
    WellKnown("amqps", "tcp/5671", "AMQP over TLS", _IANA),
    WellKnown("bgp", "tcp/179", "Border Gateway Protocol", _IANA),
    WellKnown("cassandra", "tcp/9042", "Cassandra native transport (CQL)", "Cassandra documentation"),
    WellKnown("clickhouse", "tcp/8123,9000", "ClickHouse HTTP and native", "ClickHouse documentation"),
    WellKnown("consul", "tcp/8300-8302,8500,8600; udp/8301-8302,8600", "Consul", "Consul documentation"),
    WellKnown("dhcp", "udp/67-68", "DHCP for IPv4", _IANA),
    WellKnown("dhcpv6", "udp/546-547", "DHCP for IPv6", _IANA),
    WellKnown("dns", "tcp/53; udp/53", "Domain Name System", _IANA),
    WellKnown("dns-over-tls", "tcp/853", "DNS over TLS", _IANA),
    WellKnown("docker", "tcp/2376", "Docker API over TLS", _IANA),
    WellKnown("elasticsearch", "tcp/9200,9300", "Elasticsearch HTTP and transport", "Elastic documentation"),
    WellKnown("etcd", "tcp/2379-2380", "etcd client and peer", _IANA),
    WellKnown("ftp", "tcp/21", "File Transfer Protocol, control connection", _IANA),
    WellKnown("git", "tcp/9418", "git protocol", _IANA),
    WellKnown("grafana", "tcp/3000", "Grafana", "Grafana documentation"),
    WellKnown("http", "tcp/80", "HTTP", _IANA),
    WellKnown("http-alt", "tcp/8080", "HTTP, alternate port", _IANA),
    WellKnown("http3", "udp/443", "HTTP/3 over QUIC", _IANA),
    WellKnown("https", "tcp/443", "HTTP over TLS", _IANA),
    WellKnown("https-alt", "tcp/8443", "HTTP over TLS, alternate port", _IANA),
    WellKnown("ike", "udp/500,4500", "IPsec key exchange, NAT traversal included", _IANA),
    WellKnown("imap", "tcp/143", "IMAP", _IANA),
    WellKnown("imaps", "tcp/993", "IMAP over TLS", _IANA),
    WellKnown(
        "ipsec",
        "50; 51; udp/500,4500",
        "IPsec: ESP, AH and key exchange",
        "IANA protocol numbers, service names",
    ),
    WellKnown("kafka", "tcp/9092", "Apache Kafka", "Kafka documentation"),
    WellKnown("kafka-tls", "tcp/9093", "Apache Kafka over TLS", "Kafka documentation"),
    WellKnown("kerberos", "tcp/88; udp/88", "Kerberos", _IANA),
    WellKnown("kpasswd", "tcp/464; udp/464", "Kerberos password change", _IANA),
    WellKnown("kubelet", "tcp/10250", "Kubernetes kubelet API", "Kubernetes documentation"),
    WellKnown("kubernetes-api", "tcp/6443", "Kubernetes API server", "Kubernetes documentation"),
    WellKnown("ldap", "tcp/389; udp/389", "LDAP", _IANA),
    WellKnown("ldap-gc", "tcp/3268", "Active Directory global catalogue", _IANA),
    WellKnown("ldap-gc-tls", "tcp/3269", "Active Directory global catalogue over TLS", _IANA),
    WellKnown("ldaps", "tcp/636", "LDAP over TLS", _IANA),
    WellKnown("loki", "tcp/3100", "Grafana Loki", "Loki documentation"),
    WellKnown("memcached", "tcp/11211", "memcached", _IANA),
    WellKnown("minio", "tcp/9000", "MinIO object storage API", "MinIO documentation"),
    WellKnown("mongodb", "tcp/27017", "MongoDB", "IANA service names and MongoDB documentation"),
    WellKnown("mqtt", "tcp/1883", "MQTT", _IANA),
    WellKnown("mqtts", "tcp/8883", "MQTT over TLS", _IANA),
    WellKnown("mssql", "tcp/1433", "Microsoft SQL Server", _IANA),
    WellKnown("mssql-browser", "udp/1434", "Microsoft SQL Server Browser", _IANA),
    WellKnown("mysql", "tcp/3306", "MySQL, MariaDB", _IANA),
    WellKnown("nats", "tcp/4222", "NATS", "NATS documentation"),
    WellKnown("neo4j", "tcp/7687", "Neo4j Bolt", _IANA),
    WellKnown("nfs", "tcp/2049", "NFS version 4", _IANA),
    WellKnown("node-exporter", "tcp/9100", "Prometheus node exporter", "Prometheus documentation"),
    WellKnown("ntp", "udp/123", "Network Time Protocol", _IANA),
    WellKnown("opensearch", "tcp/9200,9300", "OpenSearch HTTP and transport", "OpenSearch documentation"),
    WellKnown("oracle", "tcp/1521", "Oracle Database listener", "Oracle Net Services documentation"),
    WellKnown("oracle-tls", "tcp/2484", "Oracle Database listener over TLS", _IANA),
    WellKnown("otlp", "tcp/4317-4318", "OpenTelemetry protocol, gRPC and HTTP", "OTLP specification"),
    WellKnown("ping", "icmp/8; icmpv6/128", "echo request, IPv4 and IPv6", "IANA ICMP and ICMPv6 parameters"),
    WellKnown("pop3s", "tcp/995", "POP3 over TLS", _IANA),
    WellKnown("postgresql", "tcp/5432", "PostgreSQL", _IANA),
    WellKnown("prometheus", "tcp/9090", "Prometheus", "Prometheus documentation"),
    WellKnown("puppet", "tcp/8140", "Puppet server", _IANA),
    WellKnown("radius", "udp/1812-1813", "RADIUS authentication and accounting", _IANA),
    WellKnown("rdp", "tcp/3389; udp/3389", "Remote Desktop", _IANA),
    WellKnown("redis", "tcp/6379", "Redis, Valkey", _IANA),
    WellKnown("rpcbind", "tcp/111; udp/111", "ONC RPC portmapper", _IANA),
    WellKnown("rsync", "tcp/873", "rsync daemon", _IANA),
    WellKnown("sip", "tcp/5060; udp/5060", "Session Initiation Protocol", _IANA),
    WellKnown("sips", "tcp/5061", "SIP over TLS", _IANA),
    WellKnown("smb", "tcp/445", "SMB, Windows file sharing", _IANA),
    WellKnown("smtp", "tcp/25", "mail transfer", _IANA),
    WellKnown("snmp", "udp/161", "SNMP queries", _IANA),
    WellKnown("snmp-trap", "udp/162", "SNMP traps", _IANA),
    WellKnown("splunk", "tcp/8089,9997", "Splunk management and forwarding", "Splunk documentation"),
    WellKnown("ssh", "tcp/22", "Secure Shell", _IANA),
    WellKnown("statsd", "udp/8125", "StatsD", "StatsD documentation"),
    WellKnown("submission", "tcp/587", "mail submission", _IANA),
    WellKnown("submissions", "tcp/465", "mail submission over TLS", _IANA),
    WellKnown("syslog", "udp/514", "syslog", _IANA),
    WellKnown("syslog-tls", "tcp/6514", "syslog over TLS", _IANA),
    WellKnown("tacacs", "tcp/49", "TACACS+", _IANA),
    WellKnown("telnet", "tcp/23", "telnet", _IANA),
    WellKnown("tftp", "udp/69", "TFTP, first packet", _IANA),
    WellKnown("traceroute", "udp/33434-33523", "classic UDP traceroute", "traceroute(8)"),
    WellKnown("vault", "tcp/8200-8201", "HashiCorp Vault API and cluster", "Vault documentation"),
    WellKnown("vnc", "tcp/5900", "VNC, first display", _IANA),
    WellKnown("vxlan", "udp/4789", "VXLAN", _IANA),
    WellKnown("winrm", "tcp/5985-5986", "Windows Remote Management", "Microsoft documentation"),
    WellKnown("wireguard", "udp/51820", "WireGuard", "WireGuard quick start"),
    WellKnown("zabbix", "tcp/10050-10051", "Zabbix agent and trapper", _IANA),
    WellKnown("zookeeper", "tcp/2181", "Apache ZooKeeper client port", "ZooKeeper documentation"),
)

_BY_NAME = {entry.name: entry for entry in WELL_KNOWN}


def names() -> tuple[str, ...]:
    """Every name of the catalogue, sorted."""
    return tuple(_BY_NAME)


@cache
def well_known(name: str) -> ServiceSet:
    """The services behind a name; raises KeyError for an unknown one.

    >>> str(well_known("postgresql"))
    'tcp/5432'
    """
    return ServiceSet.parse(_BY_NAME[name].services)
