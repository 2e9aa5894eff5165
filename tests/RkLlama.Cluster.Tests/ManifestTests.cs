using k8s;
using k8s.Models;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.Cluster.Tests;

/// <summary>
/// Reads the manifests for Kubernetes with the types of the official client, without a cluster. Unknown or misspelt fields, wrong types and duplicate keys
/// are errors. Other checks of the API server, for instance of required fields, are only those that the tests below repeat.
/// </summary>
public sealed class ManifestTests
{
    private static readonly object[] Objects =
    [
        .. Directory.GetFiles(Path.Combine(TestPaths.Root, "deploy", "kubernetes"), "*.yaml").Order(StringComparer.Ordinal)
            .SelectMany(file => KubernetesYaml.LoadAllFromString(File.ReadAllText(file), null, strict: true)),
    ];

    private static V1DaemonSet Node => DaemonSet("rkllama");

    private static V1Container Server => Node.Spec.Template.Spec.Containers.Single();

    [Fact]
    public void A_misspelt_field_is_an_error()
    {
        string manifest = File.ReadAllText(Path.Combine(TestPaths.Root, "deploy", "kubernetes", "rkllama.yaml"));

        FluentActions.Invoking(() => KubernetesYaml.LoadAllFromString(manifest.Replace("readOnlyRootFilesystem", "readOnlyRootFileSystem"), null, strict: true)).Should().Throw<Exception>();
        FluentActions.Invoking(() => KubernetesYaml.LoadAllFromString(manifest.Replace("failureThreshold: 30", "failureThreshold: many"), null, strict: true)).Should().Throw<Exception>();
    }

    [Fact]
    public void The_objects_are_a_namespace_two_daemon_sets_and_a_service()
    {
        Objects.Select(item => item.GetType()).Should().BeEquivalentTo([typeof(V1Namespace), typeof(V1DaemonSet), typeof(V1DaemonSet), typeof(V1Service)]);
        foreach (IKubernetesObject<V1ObjectMeta> item in Objects.Cast<IKubernetesObject<V1ObjectMeta>>())
            (item.ApiVersion, item.Kind, item.Metadata.Name).Should().Match<(string, string, string)>(id => id.Item1 != null && id.Item2 != null && id.Item3 != null);
    }

    [Fact]
    public void Selectors_find_their_pods()
    {
        foreach (V1DaemonSet set in Objects.OfType<V1DaemonSet>())
            set.Spec.Template.Metadata.Labels.Should().Contain(set.Spec.Selector.MatchLabels);
        V1Service service = Objects.OfType<V1Service>().Single();
        Node.Spec.Template.Metadata.Labels.Should().Contain(service.Spec.Selector);
        (service.Namespace(), Node.Namespace()).Should().Be((Objects.OfType<V1Namespace>().Single().Name(), Objects.OfType<V1Namespace>().Single().Name()));
        service.Spec.Ports.Single().TargetPort.Value.Should().Be(Server.Ports.Single().Name);
    }

    [Fact]
    public void The_server_has_no_rights_but_its_device()
    {
        V1PodSpec pod = Node.Spec.Template.Spec;

        Server.SecurityContext.Privileged.Should().NotBe(true);
        Server.SecurityContext.AllowPrivilegeEscalation.Should().BeFalse();
        Server.SecurityContext.ReadOnlyRootFilesystem.Should().BeTrue();
        Server.SecurityContext.Capabilities.Drop.Should().Equal("ALL");
        Server.SecurityContext.Capabilities.Add.Should().BeNull();
        (pod.SecurityContext.RunAsNonRoot, pod.AutomountServiceAccountToken, pod.HostNetwork, pod.HostPID, pod.HostIPC).Should().Be((true, false, null, null, null));
        pod.Volumes.Where(volume => volume.HostPath is not null).Select(volume => volume.HostPath.Path).Should().NotContain(path => path.StartsWith("/dev"));
        pod.Volumes.Select(volume => volume.Name).Should().BeEquivalentTo(Server.VolumeMounts.Select(mount => mount.Name));
    }

    [Fact]
    public void The_server_requests_the_device_of_the_plugin()
    {
        V1DaemonSet set = DaemonSet("npu-device-plugin");
        V1Container plugin = set.Spec.Template.Spec.Containers.Single();
        Dictionary<string, object> device = KubernetesYaml.Deserialize<Dictionary<string, object>>(plugin.Args[plugin.Args.IndexOf("--device") + 1]);

        Server.Resources.Limits.Should().ContainKey($"squat.ai/{device["name"]}").WhoseValue.ToString().Should().Be("1");
        Node.Spec.Template.Spec.NodeSelector.Should().Contain(set.Spec.Template.Spec.NodeSelector);
    }

    [Fact]
    public void The_probes_use_existing_endpoints_and_the_grace_period_covers_the_drain_time()
    {
        (Server.StartupProbe.HttpGet.Path, Server.LivenessProbe.HttpGet.Path, Server.ReadinessProbe.HttpGet.Path).Should().Be(("/health", "/health", "/ready"));
        foreach (V1Probe probe in (V1Probe[])[Server.StartupProbe, Server.LivenessProbe, Server.ReadinessProbe])
            probe.HttpGet.Port.Value.Should().Be(Server.Ports.Single().Name);

        // 3 s until all balancers know of the stop, 30 s for the running answer (--drain), 10 s for the worker.
        Node.Spec.Template.Spec.TerminationGracePeriodSeconds.Should().BeGreaterThanOrEqualTo(3 + 30 + 10);
    }

    private static V1DaemonSet DaemonSet(string name) => Objects.OfType<V1DaemonSet>().Single(set => set.Name() == name);
}
