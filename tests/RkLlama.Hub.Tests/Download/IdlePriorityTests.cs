using System.Diagnostics;
using RkLlama.Hub.Download;

namespace RkLlama.Hub.Tests.Download;

public class IdlePriorityTests
{
    [Fact]
    public void The_thread_gets_the_lowest_priority_for_CPU_and_disk_and_other_threads_keep_theirs()
    {
        (string Nice, string Io) before = PriorityOf("thread-self"), idle = default, after;

        Thread thread = new(() =>
        {
            IdlePriority.Apply();
            idle = PriorityOf("thread-self");
        });
        thread.Start();
        thread.Join();
        after = PriorityOf("thread-self");

        idle.Should().Be(("19", "idle"));
        after.Should().Be(before);
    }

    /// <summary>Returns the nice value and the I/O class of a thread.</summary>
    private static (string Nice, string Io) PriorityOf(string thread)
    {
        string[] fields = File.ReadAllText($"/proc/{thread}/stat").Split(") ")[1].Split(' ');
        string id = new FileInfo($"/proc/{thread}").LinkTarget!.Split('/')[^1];
        using Process ionice = Process.Start(new ProcessStartInfo("ionice", ["-p", id]) { RedirectStandardOutput = true })!;
        string io = ionice.StandardOutput.ReadToEnd().Trim();
        ionice.WaitForExit();
        return (fields[16], io);
    }
}
