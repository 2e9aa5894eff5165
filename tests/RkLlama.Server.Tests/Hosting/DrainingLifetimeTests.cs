using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Residency;
using RkLlama.Server.Hosting;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Hosting;

public sealed class DrainingLifetimeTests
{
    // Each rendering of this template uses up its processor time.
    private const string SlowTemplate =
        "{%- set ns=namespace(a=0) -%}{%- for i in range(99999) -%}{%- for j in range(99) -%}{%- set ns.a=ns.a+i*j%7 -%}{%- endfor -%}{%- endfor -%}x";

    [Fact]
    public async Task A_stop_ends_the_preparation_of_requests_and_limits_the_time_to_close_connections()
    {
        await using TestServer server = await TestServer.StartAsync(configure: static options => options with { DrainTimeout = TimeSpan.Zero });
        server.AddModel("slow");
        File.WriteAllText(Path.Combine(server.Models, "slow", "chat_template.jinja"), SlowTemplate);
        ModelInstance model = server.Services.GetRequiredService<ModelHost>().Find("slow");

        await ((DrainingLifetime)server.Services.GetRequiredService<IHostLifetime>()).DrainAsync().WaitAsync(Patience);
        Func<Task> load = () => model.Prompts.WaitAsync(Patience), prepare = () =>
            server.Services.GetRequiredService<CpuPool>().RunAsync("slow", CpuPool.PromptTime, static _ => 0, CancellationToken.None);

        await load.Should().ThrowAsync<DrainingException>();
        await prepare.Should().ThrowAsync<DrainingException>();
        server.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout.Should().BeLessThan(TimeSpan.FromSeconds(2));
    }
}
