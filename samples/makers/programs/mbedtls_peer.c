/* mbedTLS as a client or a server.
 *
 *     mbedtls_peer server PORT CERTIFICATE KEY      answers requests until it is ended
 *     mbedtls_peer client ADDRESS PORT NAME MINOR [SUITE]
 *                                                   one connection, by the version 3.MINOR alone
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#define TRY(call)                                                      \
    do {                                                               \
        int result = (call);                                           \
        if (result != 0) {                                             \
            fprintf(stderr, #call " gave -0x%04x\n", (unsigned)-result); \
            exit(1);                                                   \
        }                                                              \
    } while (0)

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context generator;
static mbedtls_ssl_config config;

/* One connection: the client asks first, the server answers and closes. */
static void converse(mbedtls_net_context *connection, const char *name) {
    mbedtls_ssl_context ssl;
    unsigned char data[4096];
    mbedtls_ssl_init(&ssl);
    TRY(mbedtls_ssl_setup(&ssl, &config));
    mbedtls_ssl_set_bio(&ssl, connection, mbedtls_net_send, mbedtls_net_recv, NULL);
    if (name != NULL) {
        TRY(mbedtls_ssl_set_hostname(&ssl, name));
    }
    if (mbedtls_ssl_handshake(&ssl) == 0) {
        const char *text = name ? "GET / HTTP/1.1\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\nok";
        if (name == NULL) {
            mbedtls_ssl_read(&ssl, data, sizeof data);
        }
        mbedtls_ssl_write(&ssl, (const unsigned char *)text, strlen(text));
        while (name != NULL && mbedtls_ssl_read(&ssl, data, sizeof data) > 0) {
        }
        mbedtls_ssl_close_notify(&ssl);
    }
    mbedtls_ssl_free(&ssl);
    mbedtls_net_free(connection);
}

static void configure(int endpoint) {
    mbedtls_ssl_config_init(&config);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&generator);
    TRY(mbedtls_ctr_drbg_seed(&generator, mbedtls_entropy_func, &entropy, NULL, 0));
    TRY(mbedtls_ssl_config_defaults(&config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &generator);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_min_version(&config, 3, 1);
}

static void serve(const char *port, const char *certificate, const char *key) {
    mbedtls_x509_crt chain;
    mbedtls_pk_context private_key;
    mbedtls_net_context listener, connection;
    /* The library's own list leaves 3DES out. */
    static const int suites[] = {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
                                 MBEDTLS_TLS_RSA_WITH_3DES_EDE_CBC_SHA, 0};
    mbedtls_x509_crt_init(&chain);
    mbedtls_pk_init(&private_key);
    TRY(mbedtls_x509_crt_parse_file(&chain, certificate));
    TRY(mbedtls_pk_parse_keyfile(&private_key, key, NULL));
    configure(MBEDTLS_SSL_IS_SERVER);
    mbedtls_ssl_conf_ciphersuites(&config, suites);
    TRY(mbedtls_ssl_conf_own_cert(&config, &chain, &private_key));
    mbedtls_net_init(&listener);
    TRY(mbedtls_net_bind(&listener, NULL, port, MBEDTLS_NET_PROTO_TCP));
    for (;;) {
        mbedtls_net_init(&connection);
        TRY(mbedtls_net_accept(&listener, &connection, NULL, 0, NULL));
        converse(&connection, NULL);
    }
}

static void ask(const char *address, const char *port, const char *name, int minor, int suite) {
    static int suites[2];
    mbedtls_net_context connection;
    configure(MBEDTLS_SSL_IS_CLIENT);
    mbedtls_ssl_conf_min_version(&config, 3, minor);
    mbedtls_ssl_conf_max_version(&config, 3, minor);
    if (suite != 0) {
        suites[0] = suite;
        mbedtls_ssl_conf_ciphersuites(&config, suites);
    }
    mbedtls_net_init(&connection);
    TRY(mbedtls_net_connect(&connection, address, port, MBEDTLS_NET_PROTO_TCP));
    converse(&connection, name);
}

int main(int count, char **arguments) {
    if (count == 5 && strcmp(arguments[1], "server") == 0) {
        serve(arguments[2], arguments[3], arguments[4]);
    }
    if (count >= 6 && strcmp(arguments[1], "client") == 0) {
        int suite = count > 6 ? (int)strtol(arguments[6], NULL, 0) : 0;
        ask(arguments[2], arguments[3], arguments[4], atoi(arguments[5]), suite);
        return 0;
    }
    return 2;
}
