/* A media client of libnice that looks for a relay through an imitation of TLS.
 *
 * `relay_client ADDRESS PORT microsoft|google` imitates the way that Microsoft's or Google's relays
 * understand, asks the relay for an address and leaves. */

#include <agent.h>
#include <string.h>

static gboolean leave(gpointer loop) {
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static void ignore(NiceAgent *agent, guint stream, guint component, guint length, gchar *data,
                   gpointer user) {
    (void)agent, (void)stream, (void)component, (void)length, (void)data, (void)user;
}

int main(int count, char **arguments) {
    if (count != 4) {
        return 2;
    }
    NiceCompatibility kind = strcmp(arguments[3], "google") == 0 ? NICE_COMPATIBILITY_GOOGLE
                                                                  : NICE_COMPATIBILITY_OC2007R2;
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    GMainContext *context = g_main_loop_get_context(loop);
    NiceAgent *agent = nice_agent_new(context, kind);
    guint stream = nice_agent_add_stream(agent, 1);
    nice_agent_set_relay_info(agent, stream, 1, arguments[1], (guint)atoi(arguments[2]), "user",
                              "password", NICE_RELAY_TYPE_TURN_TLS);
    nice_agent_attach_recv(agent, stream, 1, context, ignore, NULL);
    if (!nice_agent_gather_candidates(agent, stream)) {
        return 1;
    }
    g_timeout_add_seconds(2, leave, loop);
    g_main_loop_run(loop);
    g_object_unref(agent);
    return 0;
}
